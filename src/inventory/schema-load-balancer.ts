import { z } from 'zod'
import { parseRange } from './address-range.ts'
import { dnsLabel, flag, ipAddress, labelKey, labelValue, networkOf, whole } from './scalars.ts'
import { secretReference } from './secret.ts'

/** Names and meanings are MetalLB's own: metallb.io, "API reference" (v1beta1, v1beta2). */

const rangeForm = 'a subnet or a range, like 192.0.2.64/28, 192.0.2.5/32 or 192.0.2.10-192.0.2.20'

const range = z
  .string({ error: rangeForm })
  .regex(/^[0-9A-Fa-f.:]{2,45}(\/[0-9]{1,3}|-[0-9A-Fa-f.:]{2,45})$/, { error: rangeForm })
  .refine((text) => parseRange(text) !== undefined, { error: rangeForm })
  .refine((text) => isInOrder(text), {
    error: (issue) => `a range from the lower address to the higher one: ${turned(String(issue.input))}`,
  })
  .refine((text) => !text.includes('/') || parseRange(text) === undefined || networkOf(text) === text, {
    error: (issue) => `the first address of its subnet: ${networkOf(String(issue.input))}`,
  })

function isInOrder(text: string): boolean {
  const parsed = parseRange(text)
  return parsed === undefined || parsed.first <= parsed.last
}

function turned(text: string): string {
  return text.split('-').reverse().join('-')
}

const nodeSelectors = z
  .array(z.record(labelKey, labelValue))
  .min(1, { error: 'at least one map of labels' })
  .exactOptional()

const community = z
  .string({ error: 'a community of two numbers up to 65535, like 64512:100' })
  .regex(/^[0-9]{1,5}:[0-9]{1,5}$/, { error: 'a community of two numbers up to 65535, like 64512:100' })
  .refine((text) => text.split(':').every((part) => Number(part) <= 65_535), {
    error: 'a community of two numbers up to 65535, like 64512:100',
  })

/** Beyond these MetalLB's own definitions (its CRDs, v0.16) refuse what BGP itself allows. */
const MOST_PREFERRED = 2_147_483_647
const HIGHEST_PORT = 16_384

const asn = whole('the number of an autonomous system', 1, 4_294_967_295)

const pool = z
  .strictObject({
    addresses: z
      .array(range)
      .min(1, { error: 'at least one subnet or range' })
      .describe(
        'Addresses to give to Services: subnets, or ranges like 192.0.2.10-192.0.2.20. No machine may have one.',
      ),
    mode: z
      .enum(['l2', 'bgp'])
      .default('l2')
      .describe(
        'How the network learns of them. l2: one node answers ARP for each, another takes over when it is gone. bgp: nodes tell the routers named in peers.',
      ),
    autoAssign: flag.default(true).describe('false: only for Services that ask for this pool by name.'),
    avoidBuggyIPs: flag.default(false).describe('Leave out addresses that end with .0 and .255.'),
    nodeSelectors: nodeSelectors.describe(
      'Only nodes with all labels of one of these announce them. Otherwise every node.',
    ),
    interfaces: z
      .array(z.string().regex(/^[^\s/:%]{1,15}$/, { error: 'the name of a network card, like eth1' }))
      .min(1, { error: 'at least one network card' })
      .exactOptional()
      .describe('l2 only: cards that answer ARP. Otherwise all.'),
    peers: z
      .array(dnsLabel)
      .min(1, { error: 'at least one name of peers' })
      .exactOptional()
      .describe('bgp only: who is told, by name. Otherwise all of peers.'),
    localPref: whole('a number', 0, MOST_PREFERRED)
      .exactOptional()
      .describe('bgp only, within one autonomous system: the higher one is preferred.'),
    communities: z.array(community).min(1).exactOptional().describe('bgp only: marks that routers go by.'),
    aggregationLength: whole('a prefix length', 1, 32)
      .exactOptional()
      .describe('bgp only: tell of subnets this long instead of single addresses (32).'),
  })
  .describe('Addresses for Services of type LoadBalancer.')

const peer = z
  .strictObject({
    peerAddress: ipAddress.describe('Address of the router.'),
    peerASN: asn.describe('Number of its autonomous system.'),
    myASN: asn.describe('Number the nodes say they have.'),
    peerPort: whole('a port', 1, HIGHEST_PORT).exactOptional().describe('Otherwise 179.'),
    sourceAddress: ipAddress.exactOptional().describe('Address the nodes speak from, where they have several.'),
    holdTime: z
      .string({ error: 'a time from 3s up, like 90s' })
      .regex(/^([3-9]|[1-9][0-9]{1,3})s$/, { error: 'a time from 3s up, like 90s' })
      .exactOptional()
      .describe('After this much silence a side takes the other for gone. Otherwise 90s.'),
    password: secretReference.exactOptional().describe('Password of the session (TCP MD5), by reference.'),
    nodeSelectors: nodeSelectors.describe(
      'Only nodes with all labels of one of these speak to it. Otherwise every node.',
    ),
  })
  .describe('A router that nodes tell of addresses by BGP.')

export const loadBalancer = z
  .strictObject({
    metallb: z
      .strictObject({
        pools: z
          .record(dnsLabel, pool)
          .refine((pools) => Object.keys(pools).length > 0, { error: 'at least one pool' })
          .describe('Pools of addresses by name. One that is deleted here is deleted in the cluster.'),
        peers: z.record(dnsLabel, peer).default({}).describe('Routers to speak BGP with, by name.'),
      })
      .describe('MetalLB gives them addresses and announces those.'),
  })
  .describe('Who makes Services of type LoadBalancer work. Presence of this key installs it.')
