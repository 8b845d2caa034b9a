import { describe, expect, it } from 'vitest'
import { up } from '../../playbooks/up.ts'
import { statusOf } from '../../src/cluster/status.ts'
import type { AnyProbe } from '../../src/core/fact.ts'
import { answersOf } from '../../src/core/fact.ts'
import type { Finding } from '../../src/core/finding.ts'
import { compile } from '../../src/core/play.ts'
import type { Resource } from '../../src/core/resource.ts'
import { nodeOf } from '../support/node.ts'

const inventory = (hosts: readonly string[], backend = 'vxlan') => `name: test
kubernetes: {version: "1.36.3"}
network: {cni: flannel, backend: ${backend}}
hosts:
${hosts.map((name, i) => `  ${name}: {address: 10.0.0.1${i}, roles: [${i === 0 ? 'control-plane' : 'worker'}]}`).join('\n')}
`

/** What the first control plane says of a cluster: its node's number is that of its pods' network. */
interface World {
  readonly nodes: Readonly<Record<string, number>>
  /** Pods' networks there is a route to, other than that of this node. */
  readonly routes: readonly number[]
  readonly api?: 'up' | 'down'
}

const said = (text: string) => ({ code: 0, text, stderr: '', truncated: false })

const object = (name: string, number: number) =>
  JSON.stringify({
    apiVersion: 'v1',
    kind: 'Node',
    metadata: { name },
    spec: { podCIDR: `10.244.${number}.0/24` },
    status: {},
  })

function outputs(hosts: readonly string[], { nodes, routes, api = 'up' }: World) {
  const hex = (number: number) => `00${number.toString(16).toUpperCase().padStart(2, '0')}F40A`
  // A default route and somebody's own network are no pods.
  const others = 'all\troute\t00000000\t00000000\nall\troute\t0000A8C0\t0000FFFF\n'
  const kept = api === 'up' ? Object.entries(nodes) : []
  return {
    'gateway-routes': others + routes.map((number) => `all\troute\t${hex(number)}\t00FFFFFF\n`).join(''),
    'kube-object': [
      ...kept.map(([name, number]) => `Node//${name}\tobject\t${object(name, number)}\n`),
      ...hosts.map((name) => `Node//${name}\tapi\t${api}\trefused\n`),
    ].join(''),
    'kube-nodes': `all\tapi\t${api}\trefused\n${kept.map(([name, number]) => `all\tnode\t${object(name, number)}\n`).join('')}`,
  }
}

interface Told {
  readonly finding: Finding
  /** Names of facts that took a second look. */
  readonly closer: readonly string[]
}

function lookAs(strangers: Resource | undefined, facts: Readonly<Record<string, string>>): Told {
  if (!strangers) throw new Error('nobody asks for strangers')
  const answer = (probes: readonly AnyProbe[]) =>
    probes.map(({ fact }) => [fact.name, said(facts[fact.name] ?? '')] as const)
  const first = new Map(answer(strangers.probes))
  const closer = strangers.closer(answersOf(first))
  const decision = strangers.decide(answersOf(new Map([...first, ...answer(closer)])))
  if (decision.verdict !== 'finding') throw new Error(JSON.stringify(decision))
  return { finding: decision.finding, closer: closer.map(({ fact }) => fact.name) }
}

function toldByUp(hosts: readonly string[], world: World, backend?: string): Told {
  const compiled = compile(up, nodeOf(inventory(hosts, backend)))
  const found = compiled.resources.find(({ resource }) => resource.key === 'requirement:strangers')
  return lookAs(found?.resource, outputs(hosts, world))
}

function toldByStatus(hosts: readonly string[], world: World): Told {
  const all = statusOf(nodeOf(inventory(hosts)), { certificateDays: 30, freePercent: 15 })
  return lookAs(
    all.find(({ key }) => key === 'requirement:strangers'),
    outputs(hosts, world),
  )
}

const W1 = { met: false, severity: 'advised', evidence: 'w1: still part of the cluster' }

describe('nodes nobody has in the inventory', () => {
  it('are told of by up, with what takes them out', () => {
    const { finding } = toldByUp(['cp1'], { nodes: { cp1: 0, w1: 1 }, routes: [1] })
    expect(finding).toMatchObject({ ...W1, fix: expect.stringContaining('provision remove test.yaml w1') })
  })
  it('are told of while another host of the inventory is not in the cluster: counting does not do', () => {
    const { finding } = toldByUp(['cp1', 'w2'], { nodes: { cp1: 0, w1: 1 }, routes: [1] })
    expect(finding).toMatchObject(W1)
  })
  it('are told of while a node of the inventory has no route', () => {
    const world = { nodes: { cp1: 0, w1: 1, w2: 2 }, routes: [1] }
    expect(toldByUp(['cp1', 'w2'], world).finding).toMatchObject(W1)
  })
  it('are not there, and no list is asked for, while every route leads to a node of the inventory', () => {
    const world = { nodes: { cp1: 0, w1: 1 }, routes: [1] }
    expect(toldByUp(['cp1', 'w1', 'w2'], world)).toMatchObject({ finding: { met: true, evidence: 'none' }, closer: [] })
  })
  it('are none on a machine that is in no cluster, whatever its routes', () => {
    const facts = { 'gateway-routes': 'all\troute\t0001F40A\t00FFFFFF\n', 'kube-object': '', 'kube-nodes': '' }
    const compiled = compile(up, nodeOf(inventory(['cp1'])))
    const found = compiled.resources.find(({ resource }) => resource.key === 'requirement:strangers')
    expect(lookAs(found?.resource, facts).finding).toMatchObject({ met: true, evidence: 'none' })
  })
  it('are asked for where the network makes no route to each', () => {
    const world = { nodes: { cp1: 0, w1: 1 }, routes: [] }
    expect(toldByUp(['cp1'], world, 'wireguard')).toMatchObject({ finding: W1, closer: [] })
    expect(toldByUp(['cp1'], { ...world, routes: [1] }, 'host-gw').finding).toMatchObject(W1)
  })
  it('are not said to be none while the API server is silent', () => {
    const world = { nodes: { cp1: 0, w1: 1 }, routes: [1], api: 'down' } as const
    for (const { finding, closer } of [toldByUp(['cp1'], world), toldByStatus(['cp1'], world)]) {
      expect(finding).toMatchObject({ met: false, evidence: expect.stringMatching(/^cannot be told.*refused$/) })
      expect(closer).toEqual([])
    }
  })
  it('are told of by status alike', () => {
    const world = { nodes: { cp1: 0, w1: 1 }, routes: [] }
    expect(toldByStatus(['cp1'], world).finding).toMatchObject(W1)
    expect(toldByStatus(['cp1', 'w1'], world).finding).toMatchObject({ met: true, evidence: 'none' })
  })
})
