import { z } from 'zod'
import { dnsLabel, duration, flag, ipAddress, subnet, whole } from './scalars.ts'

const trusted = z
  .array(z.union([subnet, ipAddress], { error: 'a subnet or an IP address' }))
  .min(1, { error: 'at least one subnet or address' })

const traefik = z
  .strictObject({
    logLevel: z.enum(['DEBUG', 'INFO', 'WARN', 'ERROR']).default('INFO').describe('What its log tells.'),
    accessLog: flag.default(false).describe('One line of JSON for each request.'),
    forwardedHeaders: z
      .strictObject({
        trustedIPs: trusted.describe('Proxies in front whose X-Forwarded-* headers are believed.'),
      })
      .exactOptional()
      .describe('Without: what a client says of itself in X-Forwarded-For is thrown away.'),
    transport: z
      .strictObject({
        readTimeout: duration.default('60s').describe('A whole request must have been read by then. 0: never.'),
        writeTimeout: duration.default('0').describe('An answer must have been written by then. 0: never.'),
        idleTimeout: duration.default('180s').describe('A connection without a request is closed after it.'),
      })
      .prefault({})
      .describe('How long connections of clients may take.'),
    tls: z
      .strictObject({
        minVersion: z.enum(['1.2', '1.3']).default('1.2').describe('The oldest TLS it speaks, in quotes.'),
      })
      .prefault({})
      .describe('TLS with clients.'),
  })
  .prefault({})
  .describe('Settings of Traefik.')

export const ingress = z
  .strictObject({
    controller: z.literal('traefik', { error: 'traefik' }).default('traefik').describe('Who carries them.'),
    class: dnsLabel.exactOptional().describe('Name of its IngressClass. Without: traefik.'),
    defaultClass: flag.default(true).describe('Whether Ingresses that name no class are its own.'),
    exposure: z
      .enum(['loadBalancer', 'hostPorts'])
      .default('loadBalancer')
      .describe(
        'How requests reach it. loadBalancer: a Service with an address of its own. hostPorts: ports 80 and 443 of every node that takes pods.',
      ),
    replicas: whole('a number', 1, 100)
      .exactOptional()
      .describe('loadBalancer only: how many pods (2, or 1 where one node takes them).'),
    address: ipAddress
      .exactOptional()
      .describe('loadBalancer only: the address it gets, out of a pool of loadBalancer. Without: any.'),
    externalTrafficPolicy: z
      .enum(['Cluster', 'Local'])
      .exactOptional()
      .describe(
        'loadBalancer only. Cluster: every node takes requests, and what it sees as the client is a node. Local: it sees the client itself, and only nodes with one of its pods take requests. Otherwise Cluster.',
      ),
    traefik,
  })
  .describe('Who carries HTTP from outside to Services (Ingress). Presence of this key installs it.')
