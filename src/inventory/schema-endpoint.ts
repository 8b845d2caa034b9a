import ipaddr from 'ipaddr.js'
import { z } from 'zod'
import { whole } from './scalars.ts'

const CARD = 'the name of a network card, like eth1'

/** An address of the API server that the control planes hand to each other. */
export const virtualAddress = z
  .strictObject({
    address: z
      .string({ error: 'an IPv4 address' })
      .refine((text) => ipaddr.IPv4.isValidFourPartDecimal(text), { error: 'an IPv4 address, like 10.0.0.10' })
      .describe("A free IPv4 address in the control planes' own network. Cannot be changed later."),
    port: whole('a port', 1024, 65_535)
      .default(8443)
      .describe('Port of the balancer there. Not 6443: that is the API server itself, on every control plane.'),
    interface: z
      .string({ error: CARD })
      .regex(/^[^\s/:%]{1,15}$/, { error: CARD })
      .exactOptional()
      .describe('Card that carries it. Otherwise, on each control plane, the card with the address of the node.'),
    routerId: whole('a number', 1, 255)
      .default(51)
      .describe('VRRP number of this address: no other pair in that network may use the same.'),
  })
  .describe(
    'The endpoint without a balancer of your own: keepalived moves this address between the control planes, haproxy behind it spreads connections over those that are ready. Instead of controlPlaneEndpoint.',
  )

/** `host:port` that an inventory's cluster is reached by, if it says so in either way. */
export function withEndpoint<
  T extends {
    readonly controlPlaneEndpoint?: string
    readonly virtualAddress?: { readonly address: string; readonly port: number }
  },
>(kubernetes: T): T {
  const { virtualAddress: own, controlPlaneEndpoint } = kubernetes
  if (own === undefined || controlPlaneEndpoint !== undefined) return kubernetes
  return { ...kubernetes, controlPlaneEndpoint: `${own.address}:${own.port}` }
}
