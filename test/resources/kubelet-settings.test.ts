import { readFileSync } from 'node:fs'
import { describe, expect, it } from 'vitest'
import { parse } from 'yaml'
import { up } from '../../playbooks/up.ts'
import { decidedForKubelet, kubeletConfiguration, kubeletPatch } from '../../src/cluster/kubelet-settings.ts'
import { answersOf } from '../../src/core/fact.ts'
import { sha256 } from '../../src/core/plan.ts'
import { compile } from '../../src/core/play.ts'
import { unlessProbe } from '../../src/facts/unless.ts'
import { kubeletBase } from '../../src/resources/kubelet-base.ts'
import { kubeletSettings } from '../../src/resources/kubelet-settings.ts'
import { settledText } from '../../src/resources/settings-text.ts'
import { nodeOf, ONE_NODE } from '../support/node.ts'

const PATH = '/var/lib/kubelet/config.yaml'
/** As kubeadm 1.36.3 wrote it for an inventory that says nothing of the kubelet. */
const PLAIN = readFileSync(new URL('../cases/cluster/kubelet/plain.yaml', import.meta.url), 'utf8')
/** The same where swap, reserves and time to end are said. */
const SAID = readFileSync(new URL('../cases/cluster/kubelet/said.yaml', import.meta.url), 'utf8')

const WITH = `{maxPods: 60, swapBehavior: LimitedSwap, shutdownGracePeriod: 60s, systemReserved: {cpu: 500m, memory: 512Mi}}`
const plain = nodeOf(ONE_NODE)
const said = nodeOf(ONE_NODE.replace('  node1:\n', `  node1:\n    kernel: {swap: keep}\n    kubelet: ${WITH}\n`))

/** What a host answers that has this configuration. */
function host(text: string | undefined, more: { readonly isUnproven?: boolean } = {}) {
  const fact = (lines: readonly string[]) => ({ code: 0, text: lines.join('\n'), stderr: '', truncated: false })
  const id = `${'0'.repeat(64)}:${PATH}`
  const bytes = Buffer.from(text ?? '').toString('base64')
  const asked = unlessProbe('[ -e /run/provision/kubelet-settings-before ]')
  return answersOf(
    new Map([
      ['content', fact(text === undefined ? [] : [`${id}\tsha256\t${sha256(text)}`, `${id}\tbytes\t${bytes}`])],
      ['unless', fact(more.isUnproven ? [`${asked.fact.id(asked.ask)}\tholds`] : [])],
    ]),
  )
}

function decide(node: typeof plain, text: string | undefined, more = {}) {
  return kubeletSettings({ wanted: decidedForKubelet(node) }).decide(host(text, more))
}

function changes(node: typeof plain, text: string) {
  const decision = decide(node, text)
  if (decision.verdict !== 'differs') throw new Error(decision.verdict)
  return decision
}

describe('settings of the kubelet', () => {
  it('are in order as kubeadm writes them, whatever the inventory says', () => {
    expect(decide(plain, PLAIN)).toMatchObject({ verdict: 'same', evidence: 'maxPods 110' })
    expect(decide(said, SAID)).toMatchObject({ verdict: 'same', evidence: 'maxPods 60' })
  })

  it('are changed where the inventory says something new: those lines and no others', () => {
    const { changes: all, steps } = changes(said, PLAIN)
    expect(all.map(({ what, from, to }) => `${what}: ${from} → ${to}`)).toEqual([
      'failSwapOn: unset → false',
      'memorySwap.swapBehavior: unset → LimitedSwap',
      'systemReserved.cpu: unset → 500m',
      'systemReserved.memory: unset → 512Mi',
      'shutdownGracePeriod: 0s → 60s',
      'maxPods: 110 → 60',
      `${PATH}:  → `,
    ])
    expect(all.at(-1)).toMatchObject({ disrupts: 'restarts kubelet.service', text: { before: PLAIN } })
    const after = all.at(-1)?.text?.after ?? ''
    expect(parse(after)).toEqual({ ...parse(SAID), shutdownGracePeriod: '60s' })
    expect(steps).toHaveLength(1)
    expect(decide(said, after)).toMatchObject({ verdict: 'same' })
  })

  it('are taken back where it says nothing any more', () => {
    const { changes: all } = changes(plain, SAID)
    const after = all.at(-1)?.text?.after ?? ''
    const { memorySwap: _swap, shutdownGracePeriod: _period, ...rest } = parse(PLAIN) as Record<string, unknown>
    expect(parse(after)).toEqual(rest)
    expect(all.map(({ what, to }) => `${what} ${to}`)).toContain('systemReserved.cpu unset')
    expect(decide(plain, after)).toMatchObject({ verdict: 'same' })
  })

  it('of somebody else stay', () => {
    const byHand = `# by hand\nimageGCHighThresholdPercent: 70\n${PLAIN.replace('maxPods: 110', 'maxPods: 30 # few')}`
    const after = changes(plain, byHand).changes.at(-1)?.text?.after
    expect(after).toBe(byHand.replace('maxPods: 30', 'maxPods: 110'))
  })

  it('are not done while the kubelet was not seen well with them', () => {
    expect(decide(plain, PLAIN, { isUnproven: true })).toMatchObject({
      verdict: 'differs',
      changes: [{ what: 'kubelet', to: 'restarted', disrupts: 'restarts kubelet.service' }],
    })
  })

  it('cannot be told before kubeadm has written them, nor where they are no settings', () => {
    expect(decide(plain, undefined)).toMatchObject({ verdict: 'unknown' })
    expect(decide(plain, 'a: [')).toMatchObject({ verdict: 'unknown', reason: expect.stringContaining('no YAML') })
  })
})

describe('settings of nodes that join', () => {
  const cluster = (text: string) => {
    const metadata = { name: 'kubelet-config', namespace: 'kube-system', resourceVersion: '77' }
    const map = JSON.stringify({ apiVersion: 'v1', kind: 'ConfigMap', metadata, data: { kubelet: text } })
    const lines = `ConfigMap/kube-system/kubelet-config\tobject\t${map}\n`
    return answersOf(new Map([['kube-object', { code: 0, text: lines, stderr: '', truncated: false }]]))
  }
  const base = (node: typeof plain, text: string) =>
    kubeletBase({ wanted: decidedForKubelet(node) }).decide(cluster(text))

  it('are those of the first control plane, in the cluster too', () => {
    expect(base(plain, PLAIN)).toMatchObject({ verdict: 'same' })
    const decision = base(said, PLAIN)
    if (decision.verdict !== 'differs') throw new Error(decision.verdict)
    expect(decision.changes.map(({ what }) => what)).toContain('maxPods')
    expect(decision.steps[0]?.body).toContain('"resourceVersion":"77"')
    expect(decision.steps[0]?.body).toContain('maxPods: 60')
  })

  const TWO = `${ONE_NODE.replace('  node1:\n', `  node1:\n    kernel: {swap: keep}\n    kubelet: ${WITH}\n`)}  w1:
    address: 10.0.0.12
    roles: [worker]
    kubelet: {maxPods: 60, systemReserved: {memory: 1Gi}}
`
  const worker = () => {
    const first = nodeOf(TWO)
    const own = first.inventory.hosts.find(({ name }) => name === 'w1')
    if (!own) throw new Error('w1')
    return { ...first, name: 'w1', host: own, address: own.address }
  }

  it('are freed of what only the first one has', () => {
    expect(parse(kubeletPatch(worker()))).toEqual({
      ...kubeletConfiguration(worker()),
      failSwapOn: null,
      memorySwap: null,
      systemReserved: { memory: '1Gi', cpu: null },
      shutdownGracePeriod: null,
    })
    expect(settledText(decidedForKubelet(worker()), SAID)).not.toContain('500m')
  })

  it('are the same text as ever where the first one has no more', () => {
    expect(kubeletPatch(nodeOf(ONE_NODE))).toBe(`apiVersion: kubelet.config.k8s.io/v1beta1
kind: KubeletConfiguration
cgroupDriver: systemd
maxPods: 110
`)
  })
})

describe('up', () => {
  const TWO = `${ONE_NODE}  w1: {address: 10.0.0.12, roles: [worker]}\n`
  const listed = (name: string) => {
    const first = nodeOf(TWO)
    const own = first.inventory.hosts.find((each) => each.name === name)
    if (!own) throw new Error(name)
    const { resources } = compile(up, { ...first, name, host: own, address: own.address })
    return resources.map(({ resource }) => resource).filter(({ key }) => key.startsWith('kubelet:'))
  }

  it('compares them on every node, as soon as it is one, and what the cluster gives others on the first', () => {
    const keys = (name: string) => listed(name).map(({ key, after }) => [key, after])
    expect(keys('node1')).toEqual([
      ['kubelet:base', ['kubeadm:init']],
      ['kubelet:settings', ['kubeadm:init']],
    ])
    expect(keys('w1')).toEqual([['kubelet:settings', ['kubeadm:join']]])
  })

  it('waits for a node to be Ready with them', () => {
    const ready = compile(up, nodeOf(TWO)).resources.find(({ resource }) => resource.key === 'condition:node-node1')
    expect(ready?.resource.after).toContain('kubelet:settings')
  })
})
