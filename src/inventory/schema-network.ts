import { z } from 'zod'
import { dnsLabel, flag, labelKey, labelValue, subnet, whole } from './scalars.ts'
import { policyEngine } from './schema-policies.ts'

/** Calico's own definitions (its CRDs, v3.32) hold numbers of autonomous systems in 31 bits. */
const HIGHEST_AS = 2_147_483_647

const calico = z
  .strictObject({
    encapsulation: z
      .enum(['vxlan', 'ipip', 'none'])
      .default('vxlan')
      .describe(
        'How packets of pods get from node to node. vxlan works everywhere; ipip costs 30 bytes less and is not let through by every cloud; none sends them as they are: nodes tell each other the routes by BGP, as with ipip.',
      ),
    crossSubnet: flag
      .default(false)
      .describe(
        'true: wrap only what leaves the subnet of the node; within one layer-2 network packets stay as they are.',
      ),
    blockSize: whole('a prefix length', 20, 32)
      .default(26)
      .describe('Addresses a node takes at a time, as a prefix length. Cannot be changed later.'),
    typhaAbove: whole('a number of nodes', 1, 5000)
      .default(50)
      .describe('With more nodes than this, Typha stands between them and the API server.'),
    asNumber: whole('the number of an autonomous system', 1, HIGHEST_AS)
      .default(64_512)
      .describe('ipip and none: number of the autonomous system of the nodes.'),
    routeReflectors: z
      .union(
        [
          z.array(dnsLabel).min(1, { error: 'at least one host' }),
          z.strictObject({ label: z.record(labelKey, labelValue).describe('Hosts that have all of these labels.') }),
        ],
        { error: 'a list of hosts, or {label: {KEY: VALUE}}' },
      )
      .exactOptional()
      .describe(
        'ipip and none: nodes that tell all others of routes. Otherwise every node speaks with every other, which is meant for up to about 100.',
      ),
  })
  .prefault({})
  .describe('calico only.')

const l2Pool = z.strictObject({
  addresses: z
    .array(subnet)
    .min(1, { error: 'at least one subnet' })
    .describe('Subnets of the network the nodes are on. No machine may have an address in them.'),
  interfaces: z
    .array(z.string().regex(/^[^\s/:%]{1,15}$/, { error: 'the name of a network card, like eth1' }))
    .min(1, { error: 'at least one network card' })
    .exactOptional()
    .describe('Cards that answer ARP: the same in every pool. Otherwise all.'),
})

const cilium = z
  .strictObject({
    routing: z
      .enum(['vxlan', 'geneve', 'native'])
      .default('vxlan')
      .describe(
        'vxlan and geneve work everywhere. native sends packets as they are: all nodes in one layer-2 network.',
      ),
    encryption: z
      .enum(['none', 'wireguard'])
      .default('none')
      .describe('wireguard: what pods send to pods on other nodes is encrypted.'),
    hubble: flag.default(false).describe('Whether flows can be looked at: hubble observe, in the agent of each node.'),
    l2Announcements: z
      .record(dnsLabel, l2Pool)
      .refine((pools) => Object.keys(pools).length > 0, { error: 'at least one pool' })
      .exactOptional()
      .describe(
        'Pools of addresses for Services of type LoadBalancer, by name: Cilium gives them out and answers ARP for them, instead of MetalLB. Wants kubeProxy.mode none, and no Service with externalTrafficPolicy Local.',
      ),
  })
  .prefault({})
  .describe('cilium only.')

export const network = z
  .strictObject({
    cni: z
      .enum(['flannel', 'calico', 'canal', 'cilium'])
      .default('flannel')
      .describe(
        'The pod network. flannel connects pods and nothing else; calico, canal (Calico’s policies on Flannel’s VXLAN) and cilium also enforce NetworkPolicies.',
      ),
    backend: z
      .enum(['vxlan', 'host-gw', 'wireguard'])
      .default('vxlan')
      .describe(
        'flannel only. vxlan works everywhere; host-gw is faster where all nodes share one layer-2 network; wireguard encrypts.',
      ),
    mtu: z
      .union([z.literal('auto'), whole('auto, or a number of bytes', 1280, 65_535)], {
        error: 'auto, or a number of bytes from 1280 to 65535',
      })
      .default('auto')
      .describe(
        'MTU of pods. auto: that of the path between nodes less what the network adds. Too big drops packets silently.',
      ),
    interface: z
      .string({ error: 'the name of a network card' })
      .regex(/^[^\s/:%]{1,15}$/, { error: 'the name of a network card, like eth1' })
      .exactOptional()
      .describe('Card the nodes reach each other by. Otherwise that of the default route, or of the node’s address.'),
    policyEngine: policyEngine.exactOptional(),
    calico,
    cilium,
  })
  .prefault({})
  .describe('The network of pods.')
