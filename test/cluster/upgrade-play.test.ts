import { describe, expect, it } from 'vitest'
import { upgrade } from '../../playbooks/upgrade.ts'
import { membershipOf } from '../../src/cluster/membership.ts'
import type { Artifacts } from '../../src/cluster/node.ts'
import { sameVersion } from '../../src/cluster/requirements/version.ts'
import { batches, rolloutOf, type UpgradeNode } from '../../src/cluster/rollout.ts'
import { answersOf } from '../../src/core/fact.ts'
import { compile } from '../../src/core/play.ts'
import { Value } from '../../src/core/value.ts'
import { nodeOf, ONE_NODE } from '../support/node.ts'

const never = <T>(label: string) => new Value<T>(label, new Promise<T>(() => {}))
const ARTIFACTS: Artifacts = {
  program: (name) => never(name),
  image: (name) => never(name),
  manifest: (name) => never(name),
  rendered: (name) => never(name),
}

const CLUSTER = `name: test
kubernetes: {version: "1.36.3", controlPlaneEndpoint: "10.0.0.10:6443"}
network: {cni: flannel}
hosts:
  w3: {address: 10.0.0.23, roles: [worker]}
  cp1: {address: 10.0.0.11, roles: [control-plane]}
  w1: {address: 10.0.0.21, roles: [worker]}
  cp2: {address: 10.0.0.12, roles: [control-plane]}
  cp3: {address: 10.0.0.13, roles: [control-plane]}
  w2: {address: 10.0.0.22, roles: [worker]}
`

function nodes(text: string, settings = { parallel: 2, drainSeconds: 60 }): readonly UpgradeNode[] {
  const { inventory } = nodeOf(text)
  const names = inventory.hosts.map(({ name }) => name)
  const addresses = new Map(inventory.hosts.map(({ name, address }) => [name, address]))
  const membership = membershipOf(inventory, { visited: names, chosen: names }, addresses, never('secrets'))
  const rollout = rolloutOf({ membership }, names, settings)
  const common = { inventory, membership, rollout, artifacts: ARTIFACTS, operatorClock: () => 0 }
  return inventory.hosts.map((host) => ({ ...common, name: host.name, host, address: host.address }))
}

const keysOf = (text: string, name: string, settings?: { parallel: number; drainSeconds: number }) => {
  const node = nodes(text, settings).find((each) => each.name === name)
  if (!node) throw new Error(`no ${name}`)
  return compile(upgrade(node.rollout), node).resources.map(({ resource }) => resource.key)
}

describe('turns', () => {
  it('come to control planes one by one, then to workers, as many as may be away', () => {
    const [node] = nodes(CLUSTER)
    const named = batches(node?.rollout ?? { turns: [], parallel: 1 }).map((turns) => turns.map(({ name }) => name))
    expect(named).toEqual([['cp2'], ['cp3'], ['w3', 'w1'], ['w2']])
  })

  it('are given out by the first control plane, after its own upgrade', () => {
    const keys = keysOf(CLUSTER, 'cp1').filter((key) =>
      /^(command:etcd|kubeadm|drained|in-service|condition)/.test(key),
    )
    expect(keys).toEqual([
      'command:etcd snapshot before v1.36.3',
      'kubeadm:upgrade',
      'drained:cp1',
      'condition:kubelet-cp1',
      'in-service:cp1',
      ...['drained:cp2', 'in-service:cp2', 'drained:cp3', 'in-service:cp3'],
      ...['drained:w3', 'drained:w1', 'in-service:w3', 'in-service:w1'],
      ...['drained:w2', 'in-service:w2'],
    ])
  })

  it('are waited for by everybody else before anything is changed but images', () => {
    for (const name of ['cp2', 'w1']) {
      const keys = keysOf(CLUSTER, name)
      const turn = keys.indexOf(`turn:${name}`)
      expect(keys.slice(1, turn).filter((key) => !key.startsWith('image:'))).toEqual(['upgrade:ready'])
      for (const key of ['file:/usr/local/bin/kubeadm', 'file:/usr/local/bin/kubelet', 'unit:kubelet.service'])
        expect(keys.indexOf(key as never)).toBeGreaterThan(turn)
    }
  })

  it('a lone node is not drained: its pods have nowhere to go', () => {
    expect(keysOf(ONE_NODE, 'node1').filter((key) => /^(drained|in-service|turn)/.test(key))).toEqual([])
  })
})

describe('up', () => {
  const seen = (lines: readonly string[], kubelet: readonly string[] = []) => {
    const text = (all: readonly string[]) => ({ code: 0, text: all.join('\n'), stderr: '', truncated: false })
    return answersOf(
      new Map([
        ['kube-object', text(lines)],
        ['kubelet-program', text(kubelet)],
      ]),
    )
  }
  const node = nodeOf(ONE_NODE)
  const running = (version: string) =>
    `Node//node1\tobject\t${JSON.stringify({ apiVersion: 'v1', kind: 'Node', metadata: { name: 'node1' }, spec: {}, status: { nodeInfo: { kubeletVersion: version } } })}`
  const met = (lines: readonly string[], kubelet?: readonly string[]) => {
    const decision = sameVersion(node).decide(seen(lines, kubelet))
    return decision.verdict === 'finding' ? decision.finding.met : decision.verdict
  }

  it('leaves a node alone that runs another version', () => {
    expect(met([running('v1.36.3')])).toBe(true)
    expect(met([running('v1.35.4')])).toBe(false)
    expect(met([])).toBe(true)
  })

  it('asks the program itself where the API server does not answer, and only there', () => {
    const down = ['Node//node1\tapi\tdown\trefused']
    expect(sameVersion(node).closer(seen(down))).toHaveLength(1)
    expect(sameVersion(node).closer(seen([running('v1.35.4')]))).toHaveLength(0)
    expect(met(down, ['version\tis\tv1.35.4'])).toBe(false)
    expect(met(down, ['version\tis\tv1.36.3'])).toBe(true)
  })
})
