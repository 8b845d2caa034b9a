import { mkdirSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { afterAll, describe, expect, it } from 'vitest'
import { sshTarget } from '../../src/cli/ssh-target.ts'
import type { World } from '../../src/cli/world.ts'
import type { Host } from '../../src/inventory/inventory.ts'
import { readInventory } from '../../src/inventory/read.ts'
import { FakeOffice } from '../support/fake-run.ts'

const office = new FakeOffice()
afterAll(() => office.remove())
const home = office.folder
mkdirSync(join(home, '.ssh'))
writeFileSync(
  join(home, '.ssh/config'),
  `Host alias
  HostName 10.1.1.1
  User ops
  Port 2200
  ProxyJump bastion
  StrictHostKeyChecking accept-new
Host bastion
  HostName 192.0.2.7
  User hop
`,
)
const world = { home, user: 'me', env: { SSH_AUTH_SOCK: '/run/agent' } } as unknown as World
const options = { world, report: () => undefined, acceptNewHostKeys: false }
const ask = { ...options, askHostKey: async () => true }

async function host(lines: string): Promise<Host> {
  const text = `name: x\nkubernetes: {version: "1.36.3"}\nhosts:\n  alias:\n    roles: [control-plane]\n${lines}`
  const inventory = await readInventory(office.file('t.yaml', text), { home, openSecret: async () => 'opened' })
  const [first] = inventory.hosts
  if (!first) throw new Error('the inventory has one host')
  return first
}

describe('sshTarget', () => {
  it('takes an alias from ~/.ssh/config, with its jump host', async () => {
    const target = sshTarget(await host(''), options)
    expect(target).toMatchObject({
      name: 'alias',
      address: '10.1.1.1',
      user: 'ops',
      port: 2200,
      agent: '/run/agent',
      hostKeyPolicy: 'accept-new',
    })
    expect(target.jumps).toMatchObject([
      { name: 'bastion', address: '192.0.2.7', user: 'hop', hostKeyPolicy: 'strict' },
    ])
  })
  it('lets the inventory win', async () => {
    const target = sshTarget(
      await host('    ssh: {user: root, port: 22, proxyJump: none, hostKeyChecking: strict, identityFile: ~/key}\n'),
      ask,
    )
    expect(target).toMatchObject({
      address: '10.1.1.1',
      user: 'root',
      port: 22,
      hostKeyPolicy: 'strict',
      identityFiles: [join(home, 'key')],
      identitiesOnly: true,
    })
    expect(target.jumps).toBeUndefined()
  })
  it('uses an address as it is, and defaults', async () => {
    const target = sshTarget(await host('    address: 10.0.0.5\n'), ask)
    expect(target).toMatchObject({ name: 'alias', address: '10.0.0.5', user: 'me', port: 22, hostKeyPolicy: 'ask' })
    expect(target.knownHostsFiles[0]).toBe(join(home, '.ssh/known_hosts'))
  })
  it('makes a question a no where nobody can be asked, and a yes where new keys are welcome', async () => {
    const one = await host('    address: 10.0.0.5\n')
    expect(sshTarget(one, options).hostKeyPolicy).toBe('strict')
    expect(sshTarget(one, { ...options, acceptNewHostKeys: true }).hostKeyPolicy).toBe('accept-new')
    const strict = await host('    address: 10.0.0.5\n    ssh: {hostKeyChecking: strict}\n')
    expect(sshTarget(strict, { ...options, acceptNewHostKeys: true }).hostKeyPolicy).toBe('strict')
  })
  it('chains jump hosts and fills in proxy commands', async () => {
    const jumps = sshTarget(
      await host('    address: 10.0.0.5\n    ssh: {proxyJump: [bastion, "deep@inner:2222"]}\n'),
      options,
    )
    expect(jumps.jumps).toMatchObject([{ address: '192.0.2.7' }, { address: 'inner', user: 'deep', port: 2222 }])
    const command = sshTarget(
      await host('    address: 10.0.0.5\n    ssh: {proxyCommand: "nc -X 5 %h %p 100%%"}\n'),
      options,
    )
    expect(command.proxyCommand).toBe('nc -X 5 10.0.0.5 22 100%')
  })
  it('opens secrets only when somebody asks', async () => {
    const target = sshTarget(
      await host('    ssh: {password: {env: A}}\n    become: {method: sudo, password: {env: B}}\n'),
      options,
    )
    expect(target.become.method).toBe('sudo')
    expect(await target.password?.()).toBe('opened')
    expect(await target.become.password?.()).toBe('opened')
    expect(JSON.stringify(target)).not.toContain('opened')
  })
  it('reads nothing of ~/.ssh for a lab machine', async () => {
    const target = sshTarget(await host('    lab: {driver: uml}\n'), options)
    expect(target).toMatchObject({ address: 'alias', user: 'me' })
    expect(target.agent).toBeUndefined()
  })
})
