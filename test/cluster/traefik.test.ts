import { describe, expect, it } from 'vitest'
import { traefikObjects, traefikRecordLines } from '../../src/cluster/traefik.ts'
import type { KubeObject } from '../../src/facts/kube-object.ts'
import { entryNotices } from '../../src/inventory/entry-notices.ts'
import type { Inventory } from '../../src/inventory/inventory.ts'
import { nodeOf } from '../support/node.ts'

const WORKER = 'a: {roles: [control-plane, worker]}'
const inventory = (ingress: string, hosts = WORKER, more = '') =>
  nodeOf(`name: x
kubernetes: {version: "1.36.3"}
ingress: {${ingress}}
${more}
hosts: {${hosts}}`).inventory
const objects = ({ ingress, hosts }: Inventory): readonly KubeObject[] =>
  ingress ? traefikObjects(ingress, hosts) : []
const made = (ingress: string, hosts?: string) => objects(inventory(ingress, hosts))
const one = (all: readonly KubeObject[], kind: string) => all.find((object) => object.kind === kind)
const args = (all: readonly KubeObject[]) => JSON.stringify(one(all, 'Deployment')?.spec).match(/--[^"]+/g) ?? []

describe("Traefik's objects", () => {
  it('are named by a record, but for the namespace it is in', () => {
    const { ingress, hosts } = inventory('')
    const lines = ingress ? traefikRecordLines(ingress, hosts) : []
    const record = made('').find(({ metadata }) => metadata.name === 'provision-ingress')
    const named = String((record?.data as { readonly objects?: string } | undefined)?.objects).split('\n')
    expect(named.length).toBe(made('').length - 2)
    for (const line of named) expect(lines).toContain(line)
  })
  it('believe nobody in front unless told to', () => {
    expect(args(made('')).filter((word) => word.includes('forwardedHeaders'))).toEqual([])
    expect(args(made('traefik: {forwardedHeaders: {trustedIPs: [192.0.2.0/28, 192.0.2.77]}}'))).toContain(
      '--entryPoints.websecure.forwardedHeaders.trustedIPs=192.0.2.0/28,192.0.2.77',
    )
  })
  it('roll when the settings change that it reads from a file', () => {
    const template = (text: string) => JSON.stringify(one(made(text), 'Deployment')?.spec)
    expect(template('traefik: {tls: {minVersion: "1.3"}}')).not.toBe(template(''))
    expect(JSON.stringify(one(made('traefik: {tls: {minVersion: "1.3"}}'), 'ConfigMap')?.metadata)).toContain(
      'provision-ingress',
    )
    expect(JSON.stringify(made('traefik: {tls: {minVersion: "1.3"}}'))).toContain('VersionTLS13')
  })
  it('are two pods where two nodes take them, and as many as are asked for', () => {
    const replicas = (text: string, hosts?: string) =>
      (one(made(text, hosts), 'Deployment')?.spec as { replicas: number } | undefined)?.replicas
    expect(replicas('')).toBe(1)
    expect(replicas('', `${WORKER}, b: {roles: [worker]}`)).toBe(2)
    expect(replicas('replicas: 5')).toBe(5)
  })
  it('have ports of nodes instead of a Service', () => {
    const ports = made('exposure: hostPorts')
    expect(one(ports, 'Service')).toBeUndefined()
    expect(JSON.stringify(one(ports, 'DaemonSet')?.spec).match(/"hostPort":\d+/g)).toEqual([
      '"hostPort":80',
      '"hostPort":443',
    ])
  })
  it('may run on control planes where nobody else is there', () => {
    expect(JSON.stringify(one(made('', 'a: {roles: [control-plane]}'), 'Deployment'))).toContain(
      'node-role.kubernetes.io/control-plane',
    )
    expect(JSON.stringify(one(made(''), 'Deployment'))).not.toContain('tolerations')
  })
})

describe('what is told', () => {
  const pool = 'loadBalancer: {metallb: {pools: {p: {addresses: [192.0.2.0/28]}}}}'
  const issuer = 'certManager: {issuers: {s: {acme: letsencrypt-staging, email: a@example.com, http01: {}}}}'
  it.each([
    ['a Service without anybody who gives it an address', inventory(''), /nobody here gives out addresses/],
    [
      'a check that may not come back',
      inventory('externalTrafficPolicy: Local', WORKER, `${pool}\n${issuer}`),
      /HTTP-01/,
    ],
  ])('is %s', (_what, given, text) => {
    expect(entryNotices(given)).toEqual([expect.stringMatching(text)])
  })
  it('is nothing where nothing is to be told', () => {
    expect(entryNotices(inventory('', WORKER, pool))).toEqual([])
    expect(entryNotices(inventory('exposure: hostPorts'))).toEqual([])
  })
})
