import { createHash } from 'node:crypto'
import { describe, expect, it } from 'vitest'
import { parse, parseAllDocuments } from 'yaml'
import { makeJoinSecrets } from '../../src/cluster/join-secrets.ts'
import { apiEndpoint, joinConfiguration, ticketFile } from '../../src/cluster/kubeadm.ts'
import { inOrder, membershipOf } from '../../src/cluster/membership.ts'
import { Value } from '../../src/core/value.ts'
import { nodeOf, ONE_NODE } from '../support/node.ts'

const THREE = `name: test
kubernetes: {version: "1.36.3", controlPlaneEndpoint: "k8s.test:6443"}
network: {cni: flannel}
hosts:
  w1: {address: 10.0.0.21, roles: [worker]}
  cp1: {address: 10.0.0.11, roles: [control-plane]}
  both: {address: 10.0.0.12, roles: [control-plane, worker]}
  cp3: {address: 10.0.0.13, roles: [control-plane]}
`

const secrets = { token: 'abcdef.0123456789abcdef', certificateKey: 'ab'.repeat(32) }
const ticket = { caPin: `sha256:${'0'.repeat(64)}` }

function member(name: string, more = '') {
  const first = nodeOf(THREE + more)
  const host = first.inventory.hosts.find((one) => one.name === name)
  if (!host) throw new Error(name)
  return { ...first, name, host, address: host.address }
}

describe('joining a cluster', () => {
  it('tells a worker where, by which token, and whose certificate to trust', () => {
    const file = joinConfiguration(member('w1'), secrets, ticket)
    expect(file).toMatchObject({
      kind: 'JoinConfiguration',
      nodeRegistration: { name: 'w1', kubeletExtraArgs: [{ name: 'node-ip', value: '10.0.0.21' }] },
      discovery: {
        bootstrapToken: { token: secrets.token, apiServerEndpoint: 'k8s.test:6443', caCertHashes: [ticket.caPin] },
      },
    })
    expect(file).not.toHaveProperty('controlPlane')
    expect(file.nodeRegistration).not.toHaveProperty('taints')
    expect(JSON.stringify(file)).not.toContain(secrets.certificateKey)
  })

  it('gives a control plane the key of the certificates, and no taint when it carries load', () => {
    expect(joinConfiguration(member('cp3'), secrets, ticket)).toMatchObject({
      controlPlane: {
        localAPIEndpoint: { advertiseAddress: '10.0.0.13', bindPort: 6443 },
        certificateKey: secrets.certificateKey,
      },
    })
    expect(joinConfiguration(member('both'), secrets, ticket).nodeRegistration.taints).toEqual([])
  })

  it('calls the cluster by the endpoint of the inventory, or by its one control plane', () => {
    expect(apiEndpoint(nodeOf(THREE))).toBe('k8s.test:6443')
    expect(apiEndpoint(nodeOf(ONE_NODE))).toBe('10.0.0.11:6443')
  })

  it('has the first control plane tell kubeadm of the token, for half an hour', () => {
    const documents = parseAllDocuments(ticketFile(member('cp1'), secrets)).map((document) => parse(String(document)))
    expect(documents[0]).toMatchObject({
      kind: 'InitConfiguration',
      bootstrapTokens: [{ token: secrets.token, ttl: '30m0s' }],
      certificateKey: secrets.certificateKey,
    })
    expect(documents.map(({ kind }) => kind)).toContain('ClusterConfiguration')
  })
})

describe('membership', () => {
  const { inventory } = nodeOf(THREE)
  const of = (visited: readonly string[]) =>
    membershipOf(inventory, { visited, chosen: visited }, new Map([['cp1', '10.0.0.11']]), Value.of('secrets', secrets))

  it('has the first control plane of the file make the cluster, and lets in who is visited', () => {
    const { first, joining, joined } = of(['w1', 'cp1', 'cp3'])
    expect(first).toEqual({ name: 'cp1', controlPlane: true, address: '10.0.0.11' })
    expect(joining.map(({ name }) => name)).toEqual(['w1', 'cp3'])
    expect([...joined.keys()]).toEqual(['w1', 'cp3'])
  })

  it('visits those first whom others wait for', () => {
    expect(inOrder(inventory.hosts).map(({ name }) => name)).toEqual(['cp1', 'both', 'cp3', 'w1'])
  })
})

describe('join secrets', () => {
  it('have the form kubeadm wants, whatever bytes come', () => {
    let n = 0
    const bytes = (count: number) => Uint8Array.from({ length: count }, () => n++ % 256)
    for (let i = 0; i < 300; i++) {
      const { token, certificateKey } = makeJoinSecrets(bytes)
      expect(token).toMatch(/^[a-z0-9]{6}\.[a-z0-9]{16}$/)
      expect(certificateKey).toMatch(/^[0-9a-f]{64}$/)
    }
  })

  it('favour no letter', () => {
    let seed = 'seed'
    const bytes = (count: number) => {
      seed = createHash('sha256').update(seed).digest('hex')
      return Buffer.from(createHash('shake256', { outputLength: count }).update(seed).digest())
    }
    const counts = new Map<string, number>()
    for (let i = 0; i < 2000; i++) {
      for (const letter of makeJoinSecrets(bytes).token.replace('.', ''))
        counts.set(letter, (counts.get(letter) ?? 0) + 1)
    }
    expect(counts.size).toBe(36)
    const expected = (2000 * 22) / 36
    for (const count of counts.values()) expect(Math.abs(count - expected)).toBeLessThan(expected * 0.2)
  })
})
