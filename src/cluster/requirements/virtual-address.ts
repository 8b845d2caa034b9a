import ipaddr from 'ipaddr.js'
import { type AddressUse, addressUseProbe } from '../../facts/address-use.ts'
import { type Carrier, carrierProbe } from '../../facts/carrier.ts'
import { CARRIER_FILE, type SharedEndpoint, sharedEndpoint } from '../endpoint.ts'
import type { Node } from '../node.ts'
import type { Judgement, Rule } from './rule.ts'

/** Of control planes that are to hand an address to each other: it is free, and lies in their network. */
export function virtualAddressRules(node: Node): readonly Rule[] {
  const endpoint = sharedEndpoint(node)
  if (endpoint === undefined) return []
  const card = carrierProbe(endpoint.own)
  const use = addressUseProbe({ address: endpoint.address, holders: endpoint.peers, unless: CARRIER_FILE })
  return [
    {
      id: 'virtual-address',
      probes: [card, use],
      judge: (answers) => judgeVirtualAddress(endpoint, answers.get(card), answers.get(use)),
    },
  ]
}

export function judgeVirtualAddress(
  { address, own }: Pick<SharedEndpoint, 'address' | 'own'>,
  carrier: Carrier | undefined,
  use: AddressUse,
): Judgement {
  const common = {
    threshold: "in the network of the node's own address, and nobody else's",
    severity: 'required',
  } as const
  if (carrier === undefined)
    return {
      ...common,
      met: false,
      evidence: `no network card of this host has ${own}`,
      fix: 'correct nodeAddress (or address) of this host',
    }
  const network = `${own}/${carrier.prefixLength}`
  if (!ipaddr.IPv4.parse(address).match(ipaddr.IPv4.parseCIDR(network)))
    return {
      ...common,
      met: false,
      evidence: `${address} is not in the network of ${carrier.card} (${network})`,
      fix: 'take an address of that network for kubernetes.virtualAddress, or a balancer of your own (controlPlaneEndpoint)',
    }
  if (use.state === 'taken' && !use.byHolder)
    return {
      ...common,
      met: false,
      evidence: `${address} is answered for by ${use.card}, which is none of the other control planes`,
      fix: 'take a free address for kubernetes.virtualAddress, or take it away from that machine',
    }
  const who = { ours: 'this host may carry it', free: 'free', taken: 'carried by another control plane' }[use.state]
  return { ...common, met: true, evidence: `${address} on ${carrier.card}, ${who}`, fix: '' }
}
