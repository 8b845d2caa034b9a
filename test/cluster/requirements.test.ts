import { readdirSync, readFileSync } from 'node:fs'
import { join } from 'node:path'
import { describe, expect, test } from 'vitest'
import { parse } from 'yaml'
import { REQUIREMENTS, requirementOf } from '../../src/catalog/requirements.ts'
import { fromRule } from '../../src/cluster/requirements/rule.ts'
import { type VerifySettings, verifySettings } from '../../src/cluster/requirements/settings.ts'
import { requirements, rules } from '../../src/cluster/requirements.ts'
import { InputError } from '../../src/core/errors.ts'
import { type Answers, answersOf, type FactOutput } from '../../src/core/fact.ts'
import type { Finding } from '../../src/core/finding.ts'
import type { Resource } from '../../src/core/resource.ts'
import { nodeOf, ONE_NODE } from '../support/node.ts'

const FOLDER = join(import.meta.dirname, '../cases/cluster/requirements')

/** One host, seen through one requirement. */
interface Case {
  readonly name: string
  /** What differs from the settings of a control plane with Flannel over VXLAN and kube-proxy in ipvs mode. */
  readonly settings?: Partial<VerifySettings>
  readonly thresholds?: Partial<VerifySettings['thresholds']>
  /** What the host printed: fact, then lines of fields. A fact that is not named printed nothing. */
  readonly facts: Readonly<Record<string, readonly (readonly unknown[])[]>>
  /** `evidence` and `fix` must hold these words. */
  readonly finding: {
    readonly met: boolean
    readonly severity?: string
    readonly evidence: string
    readonly fix?: string
  }
}

/** Facts of the host's side of a case; every fact answers, if only with nothing. */
function answersFrom(facts: Case['facts'], resource: Resource): Answers {
  const outputs = new Map<string, FactOutput>()
  for (const { fact } of resource.probes) {
    const lines = facts[fact.name] ?? []
    const text = lines.map((fields) => `${fields.join('\t')}\n`).join('')
    outputs.set(fact.name, { code: 0, text, stderr: '', truncated: false })
  }
  return answersOf(outputs)
}

function settingsOf({ settings, thresholds }: Pick<Case, 'settings' | 'thresholds'>): VerifySettings {
  const base = verifySettings(nodeOf(ONE_NODE, { operatorClock: () => Date.parse('2026-11-23T06:00:00Z') }), {
    measureAgain: false,
  })
  return { ...base, ...settings, thresholds: { ...base.thresholds, ...thresholds } }
}

function find(id: string, one: Pick<Case, 'settings' | 'thresholds' | 'facts'>, accept = {}): Finding {
  const of = id === 'disk-space' ? '/var/lib' : undefined
  const rule = rules(settingsOf(one), 'node1').find((candidate) => candidate.id === id && candidate.of === of)
  if (!rule) throw new Error(`no rule ${id} holds with these settings`)
  const resource = fromRule(rule, accept)
  const decision = resource.decide(answersFrom(one.facts, resource))
  if (decision.verdict !== 'finding') throw new Error(`${id}: ${JSON.stringify(decision)}`)
  return decision.finding
}

const CROSS_HOST = [
  'unique-identity',
  'virtual-address',
  'reach',
  'path-mtu',
  'clock-skew-peers',
  'round-trip',
  'points',
]
/** Judged where a cluster runs: `upgrade-path.test.ts`. */
const OF_A_CLUSTER = ['cluster-version', 'upgrade-path']
/** Judged from what pods saw: `proof/proof-findings.test.ts`. */
const OF_PODS = [
  'pod-starts',
  'pod-network',
  'pod-packets',
  'pod-services',
  'node-services',
  'pod-dns',
  'pod-api',
  'kube-proxy',
  'load-balancers',
  'pod-policies',
]
/** Judged from what cert-manager did: `cert-manager.test.ts`. */
const OF_ISSUERS = ['staging-first']
const ELSEWHERE = ['network-choice', ...CROSS_HOST, ...OF_A_CLUSTER, ...OF_PODS, ...OF_ISSUERS]
const IDS = Object.keys(REQUIREMENTS).filter((id) => !ELSEWHERE.includes(id))

const cases = (id: string) => parse(readFileSync(join(FOLDER, `${id}.yaml`), 'utf8')) as readonly Case[]

test('every requirement has cases, and every file a requirement', () => {
  expect(readdirSync(FOLDER).toSorted()).toEqual(IDS.map((id) => `${id}.yaml`).toSorted())
})

describe.each(IDS)('%s', (id) => {
  test.each(cases(id).map((one) => [one.name, one] as const))('%s', (_, one) => {
    const finding = find(id, one)
    expect(finding.met, finding.evidence).toBe(one.finding.met)
    expect(finding.evidence).toContain(one.finding.evidence)
    expect(finding.threshold).toMatch(/\w/)
    if (one.finding.severity !== undefined) expect(finding.severity).toBe(one.finding.severity)
    if (!finding.met) expect(finding.fix).toMatch(/\S+ \S+/)
    if (one.finding.fix !== undefined) expect(finding.fix).toContain(one.finding.fix)
  })

  test('is seen met and unmet in its cases', () => {
    expect(new Set(cases(id).map(({ finding }) => finding.met))).toEqual(new Set([true, false]))
  })

  test('says so, and does not crash, where a host shows nothing at all', () => {
    const facts = {}
    const needed = id === 'kernel-btf' ? { kernelUsers: ['kubernetes', 'cilium'] as const } : {}
    expect(find(id, { facts, settings: needed }).evidence).toMatch(/\w/)
  })
})

test('what the operator accepts is still reported, with the reason', () => {
  const one = cases('cpu-count').find(({ finding }) => !finding.met)
  if (!one) throw new Error('no unmet case')
  expect(find('cpu-count', one, { 'cpu-count': 'a toy cluster' })).toMatchObject({
    met: false,
    accepted: 'a toy cluster',
    evidence: expect.stringMatching(/online/),
  })
})

test('a met requirement is met, whatever is accepted', () => {
  const one = cases('cpu-count').find(({ finding }) => finding.met)
  if (!one) throw new Error('no met case')
  expect(find('cpu-count', one, { 'cpu-count': 'a toy cluster' })).not.toHaveProperty('accepted')
})

test.each([
  ['disk-space', true],
  ['disk-space:/var/lib', true],
  ['disk-space:/srv', false],
])('accepting %s', (id, accepted) => {
  const facts = { 'disk-space': [['/var/lib', '/var/lib', '1 100 4096']] }
  expect('accepted' in find('disk-space', { facts }, { [id]: 'small disks on purpose' })).toBe(accepted)
})

test('a fact that failed makes its requirement unmet and hides no other', () => {
  const [rule] = rules(settingsOf({}), 'node1').filter(({ id }) => id === 'memory')
  if (!rule) throw new Error('no rule')
  const broken = new Map([['memory', { code: 2, text: '', stderr: 'sh: broken', truncated: false }]])
  expect(fromRule(rule, {}).decide(answersOf(broken))).toMatchObject({
    verdict: 'finding',
    finding: { met: false, severity: 'required', evidence: 'unknown: memory: ended with status 2: sh: broken' },
  })
})

test('an id nobody knows is refused, with its name', () => {
  const node = nodeOf(`${ONE_NODE}    accept: {cpu-cuont: a slip of the pen}\n`)
  expect(() => requirements(node, { measureAgain: false })).toThrow(InputError)
  expect(() => requirements(node, { measureAgain: false })).toThrow(/"cpu-cuont"/)
})

test('ids are known by themselves and with what they are of', () => {
  expect(requirementOf('nvme-etcd')).toBe('nvme-etcd')
  expect(requirementOf('disk-space:/var/lib')).toBe('disk-space')
  expect(requirementOf('toString')).toBeUndefined()
})

test('a worker is asked for less', () => {
  const first = nodeOf(`${ONE_NODE}  node2:\n    address: 10.0.0.12\n    roles: [worker]\n`)
  const host = first.inventory.hosts[1]
  if (!host) throw new Error('no second host')
  const keys = requirements({ ...first, name: host.name, host }, { measureAgain: false }).map(({ key }) => key)
  expect(keys).not.toContain('requirement:etcd-fsync')
  expect(keys).not.toContain('requirement:nvme-etcd')
  expect(keys).toContain('requirement:memory')
})

test('every folder that fills is looked at, the inventory has the last word, and 0 asks for nothing', () => {
  const text = ONE_NODE.replace('hosts:', 'verify: {diskGiB: {/var/lib: 40, /var/lib/kubelet: 0, /srv: 100}}\nhosts:')
  const wanted = requirements(nodeOf(text), { measureAgain: false }).filter(({ key }) => key.includes('disk-space'))
  expect(wanted.map(({ key }) => key.replace('requirement:disk-space:', '')).toSorted()).toEqual([
    '/',
    '/srv',
    '/var/lib',
    '/var/lib/containerd',
    '/var/lib/etcd',
  ])
})

test('the sample of stolen time is as long as the look: processors first, steal last', () => {
  const keys = requirements(nodeOf(ONE_NODE), { measureAgain: false }).map(({ key }) => key)
  expect(keys[0]).toBe('requirement:architecture')
  expect(keys.at(-1)).toBe('requirement:cpu-steal')
})
