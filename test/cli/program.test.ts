import { afterAll, describe, expect, it } from 'vitest'
import { EXIT } from '../../src/core/errors.ts'
import { FakeOffice } from '../support/fake-run.ts'

const office = new FakeOffice()
afterAll(() => office.remove())

const VERBS = ['up', 'check', 'lab', 'ssh', 'kubeconfig', 'explain', 'schema', 'completion', 'version'] as const
const LAB_VERBS = ['up', 'down', 'list', 'ssh', 'cut', 'mend', 'off', 'on', 'snapshot', 'restore'] as const

describe('help', () => {
  it.each(VERBS)('of %s is a page of a manual', async (verb) => {
    const { code, out } = await office.run([verb, '--help'])
    expect(code).toBe(0)
    for (const part of [
      `Usage: provision ${verb}`,
      'Exit codes:\n    0  done',
      'Examples:',
      'provision '.concat(verb === 'completion' ? 'completion' : verb),
    ])
      expect(out).toContain(part)
    expect(out).not.toContain('(default: false)')
    expect(Math.max(...out.split('\n').map((line) => line.length))).toBeLessThanOrEqual(110)
  })
  it.each(LAB_VERBS)('of lab %s says what it does', async (verb) => {
    const { code, out } = await office.run(['lab', verb, '--help'])
    expect(code).toBe(0)
    expect(out.split('\n\n')[1]?.length).toBeGreaterThan(30)
  })
  it('lists every verb and every exit code', async () => {
    const { out } = await office.run(['--help'])
    for (const verb of VERBS) expect(out).toMatch(new RegExp(`^  ${verb}[ \\n]`, 'm'))
    for (const code of Object.values(EXIT)) expect(out).toMatch(new RegExp(`^ +${code}  \\w`, 'm'))
    expect(out).not.toMatch(/^ {2}complete /m)
  })
  it('is shown, with exit 2, when nothing is said', async () => {
    const { code, err } = await office.run([])
    expect(code).toBe(2)
    expect(err).toContain('Usage: provision')
  })
})

describe('a command line that is wrong', () => {
  it.each<[readonly string[], string]>([
    [['upp'], 'Did you mean up?'],
    [['up', '--dryrun'], 'Did you mean --dry-run?'],
    [['lab', 'dwon'], 'Did you mean down?'],
    [['up', 'a.yaml', 'b.yaml'], 'too many arguments'],
    [['up', '--forks', 'x'], 'whole number from 1 to 1000'],
    [['up', '--forks', '0'], 'whole number from 1 to 1000'],
    [['up', '--plan', 'p', '--dry-run'], "cannot be used with option '--dry-run'"],
    [['ssh'], "missing required argument 'HOST'"],
    [['completion', 'tcsh'], 'choose from: bash, zsh, fish'],
    [['explain', 'exit-code'], 'did you mean "exit-codes"?'],
    [['up', 'none.yaml', '--yes'], 'there is no such file'],
  ])('%j is answered with exit 2 and a way on', async (argv, says) => {
    const { code, out, err } = await office.run(argv)
    expect(code).toBe(2)
    expect(err).toContain(says)
    expect(out).toBe('')
  })
})

describe('explain', () => {
  it('tells the exit codes', async () => {
    const { out } = await office.run(['explain', 'exit-codes'])
    for (const code of Object.values(EXIT)) expect(out).toMatch(new RegExp(`^ +${code}  \\w`, 'm'))
  })
  it('tells what a requirement is for and how to accept it', async () => {
    const { out } = await office.run(['explain', 'nvme-etcd'])
    expect(out).toContain('accept: {nvme-etcd:')
  })
  it.each(['cilium-l2', 'http01-needs-ingress', 'ingress-needs-load-balancer'])(
    'tells why there is a rule between settings: %s',
    async (rule) => {
      const { out } = await office.run(['explain', rule])
      expect(out).toMatch(new RegExp(`^${rule}: a rule between settings\\n.*  source: .*\\(2026`, 's'))
    },
  )
  it('tells what a key of inventories is for', async () => {
    const { out } = await office.run(['explain', 'kubernetes.kubeProxy.mode'])
    expect(out).toMatch(/one of: ipvs, nftables, iptables, none\n.*default: "ipvs"/s)
  })
  it('traces a value to its line', async () => {
    const text =
      'name: x\nkubernetes: {version: "1.36.3"}\nssh: {port: 22}\nhosts:\n  a:\n    roles: [control-plane]\n    ssh: {port: 2222}\n'
    const { out } = await office.run(['explain', 'a', 'ssh.port', '-i', office.file('t.yaml', text)])
    expect(out).toMatch(
      /ssh\.port = 2222\n {2}from host \(.*t\.yaml:7:\d+\)\n {2}instead of top \(.*t\.yaml:3:\d+\): 22/,
    )
  })
})

describe('version', () => {
  it('is the one of package.json, on every way', async () => {
    const short = await office.run(['--version'])
    const long = await office.run(['version', '--json'])
    expect(JSON.parse(long.out)).toMatchObject({ provision: short.out.trim(), node: 'v24' })
  })
})

describe('schema', () => {
  it('is JSON Schema', async () => {
    const { out } = await office.run(['schema'])
    expect(JSON.parse(out)).toMatchObject({ $schema: expect.stringContaining('draft-07'), type: 'object' })
  })
})
