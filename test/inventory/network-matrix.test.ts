import { expect, test } from 'vitest'
import { couplingRule } from '../../src/catalog/coupling-rules.ts'
import { ENTRY_RULES } from '../../src/inventory/entry-rules.ts'
import { schemaAt } from '../../src/inventory/json-schema.ts'
import { FIELD_FACTS, refusedBy } from '../support/field-facts.ts'
import {
  ADDRESSES,
  CHOICES,
  type Choice,
  ENTRIES,
  inventoryText,
  NETWORKS,
  networkName,
  PROXIES,
} from '../support/network-choices.ts'
import { verdictOf } from '../support/verdict.ts'
import { complaint } from './load.ts'

// Loading is given no way to reach anything: what is refused here is refused before any connection.
const verdicts = CHOICES.map((choice) => ({ choice, verdict: verdictOf(inventoryText(choice)) }))

const named = ({ network, proxy, addresses, entry }: Choice) =>
  `${networkName(network)} | ${proxy} | ${addresses} | ${entry}`

test('every network with every kube-proxy, giver of addresses and entry is taken or refused as the field has it', () => {
  process.stdout.write(`${table()}\n`)
  const differing = verdicts.flatMap(({ choice, verdict }) => {
    const wanted = refusedBy(choice)
    return wanted.join() === verdict.join() ? [] : [`${named(choice)}: ${wanted} wanted, ${verdict} said`]
  })
  expect(differing).toEqual([])
})

test('each choice is there once, and each fact refuses some and not all', () => {
  const names = CHOICES.map(named)
  expect(new Set(names).size).toBe(names.length)
  for (const fact of FIELD_FACTS) {
    const broken = CHOICES.filter((choice) => fact.breaks(choice)).length
    expect(broken, fact.fact).toBeGreaterThan(0)
    expect(broken, fact.fact).toBeLessThan(CHOICES.length)
  }
  expect(verdicts.filter(({ verdict }) => verdict.length === 0).length).toBeGreaterThan(100)
})

test('provision explain knows every rule by which something is refused', () => {
  const rules = new Set(verdicts.flatMap(({ verdict }) => verdict))
  expect([...rules].filter((rule) => !couplingRule(rule) && !ENTRY_RULES.some(({ id }) => id === rule))).toEqual([])
  expect([...rules].toSorted()).toEqual([...new Set(FIELD_FACTS.map(({ rule }) => rule))].toSorted())
})

test('ingress-nginx, retired upstream, is refused at its key', () => {
  const text =
    'name: a\nkubernetes: {version: "1.36.3"}\ningress: {controller: nginx}\nhosts: {b: {roles: [control-plane]}}\n'
  expect(complaint(text)).toContain('inventory.yaml:3:23\n  ingress.controller is nginx')
})

test.each([
  ['network.cni', 'flannel calico canal cilium'],
  ['network.backend', 'vxlan host-gw wireguard'],
  ['network.policyEngine', 'kube-router'],
  ['network.calico.encapsulation', 'vxlan ipip none'],
  ['network.cilium.routing', 'vxlan geneve native'],
  ['network.cilium.encryption', 'none wireguard'],
  ['kubernetes.kubeProxy.mode', 'ipvs nftables iptables none'],
  ['ingress.exposure', 'loadBalancer hostPorts'],
])('%s has no other values than those tried here', (key, values) => {
  const [schema] = schemaAt(key.split('.')).flatMap(({ enum: all }) => (all === undefined ? [] : [all]))
  expect(schema?.join(' ')).toBe(values)
})

/** A line for each network and kube-proxy, a column for each giver of addresses and entry. */
function table(): string {
  const rules = [...new Set(FIELD_FACTS.map(({ rule }) => rule))]
  const letters = new Map(rules.map((rule, index) => [rule, String.fromCharCode(97 + index)]))
  const cells = new Map(
    verdicts.map(({ choice, verdict }) => [
      named(choice),
      verdict.length === 0 ? '·' : verdict.map((rule) => letters.get(rule) ?? '?').join(''),
    ]),
  )
  const entries = Object.keys(ENTRIES) as Choice['entry'][]
  const lines = NETWORKS.flatMap((network) =>
    PROXIES.map((proxy) => {
      const groups = ADDRESSES.map((addresses) =>
        entries.map((entry) => (cells.get(named({ network, proxy, addresses, entry })) ?? '').padEnd(4)).join(''),
      )
      return `${networkName(network).padEnd(38)} ${proxy.padEnd(10)} | ${groups.join('| ')}`
    }),
  )
  return [
    `· taken; ${rules.map((rule) => `${letters.get(rule)} ${rule}`).join(', ')}`,
    `addresses, a group each: ${ADDRESSES.join(' | ')}`,
    `entries, a column each: ${entries.join(', ')}`,
    ...lines,
  ].join('\n')
}
