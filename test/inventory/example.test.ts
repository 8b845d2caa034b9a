import { readFileSync } from 'node:fs'
import { expect, test } from 'vitest'
import { jsonSchemaText, keyPaths } from '../../src/inventory/json-schema.ts'
import { layered } from '../../src/inventory/schema.ts'
import { readTree } from '../../src/inventory/tree.ts'
import { load } from './load.ts'

const read = (name: string) => readFileSync(new URL(`../../inventory/${name}`, import.meta.url), 'utf8')

/** Settings that are switched off, `#key: value`, switched on. */
const switchedOn = (text: string) => text.replaceAll(/^( *)#([A-Za-z0-9_-]+:)/gm, '$1$2')

test('example.yaml is a whole inventory', () => {
  const inventory = load(read('example.yaml'))
  expect(inventory.hosts.map((host) => host.name)).toEqual(['node1', 'node2', 'node3', 'node4'])
  expect(inventory.hosts[3]?.ssh).toMatchObject({ user: 'root', proxyJump: 'none' })
  expect(String(inventory.hosts[0]?.ssh.passphrase)).toBe('‹secret command pass›')
})

/** MetalLB, and the address Traefik has of it. */
const LOAD_BALANCER = /^loadBalancer:\n(( {2}.*)?\n)+|^ {2}address: 10\.0\.0\.241\n/gm

test('it stays one with everything in it switched on', () => {
  // Of two ways to the API one is chosen, and of the networks one.
  const whole = switchedOn(read('example.yaml')).replace(/^ *controlPlaneEndpoint:.*\n/m, '')
  // What only flannel has.
  const backend = /^ {2}(backend|policyEngine):.*\n/gm
  const network = (name: string) => new RegExp(`^  ${name}:\\n(    .*\\n)+`, 'm')
  const of = (cni: string, without: readonly RegExp[]) =>
    without.reduce((text, pattern) => text.replace(pattern, ''), whole).replace('cni: flannel', `cni: ${cni}`)
  expect(load(of('calico', [backend, network('cilium'), LOAD_BALANCER])).network.calico.encapsulation).toBe('none')
  const cilium = of('cilium', [backend, network('calico'), LOAD_BALANCER])
    .replace('mode: ipvs', 'mode: none')
    // With Cilium's own addresses a node without a pod may answer.
    .replace('externalTrafficPolicy: Local', 'externalTrafficPolicy: Cluster')
    .replaceAll(/^ {4}(scheduler|strictARP|tcpTimeout|tcpFinTimeout|udpTimeout):.*\n/gm, '')
  expect(Object.keys(load(cilium).network.cilium.l2Announcements ?? {})).toEqual(['office'])
  const inventory = load(of('flannel', [network('calico'), network('cilium')]))
  expect(inventory.kubernetes.controlPlaneEndpoint).toBe('10.0.0.10:8443')
  expect(inventory.hosts.at(-2)).toMatchObject({
    name: 'trial',
    lab: { driver: 'auto', memoryMiB: 5120, diskMiB: 20_480, cpus: 2, lan: { mtu: 1500 } },
  })
})

test('what it calls a default is the default', () => {
  const bare = load('name: a\nkubernetes: {version: "1.36.3"}\nhosts: {b: {roles: [control-plane]}}')
  const example = load(read('example.yaml'))
  const node1 = example.hosts[0]
  expect(node1?.verify).toEqual(bare.hosts[0]?.verify)
  expect(node1?.become.method).toBe(bare.hosts[0]?.become.method)
  for (const key of ['swap', 'localPortRange', 'openFiles'] as const)
    expect(node1?.kernel[key]).toBe(bare.hosts[0]?.kernel[key])
  for (const key of ['podSubnet', 'serviceSubnet', 'dnsDomain', 'etcd'] as const) {
    expect(example.kubernetes[key]).toEqual(bare.kubernetes[key])
  }
  expect(example.network).toEqual(bare.network)
  expect(example.artifacts).toEqual(bare.artifacts)
})

/** What a path is called where it is explained: settings of groups and hosts stand at the top, names are the user's. */
function explainedAs(path: readonly string[]): string {
  const [kind, , section = ''] = path
  const inside = (kind === 'groups' || kind === 'hosts') && (layered as readonly string[]).includes(section)
  return (inside ? path.slice(2) : path).join('.')
}

test('every key of the schema occurs in it', () => {
  const tree = readTree('example.yaml', switchedOn(read('example.yaml')))
  const written = [...tree.places.keys()].map((key) => key.split('\0'))
  const schemaPaths = keyPaths().map((path) => explainedAs(path))
  const occurs = (wanted: string) =>
    written.some((path) => {
      const candidates = [path, path.slice(2)]
      return candidates.some((one) => sameShape(one, wanted.split('.')))
    })
  const alternatives = /^artifacts\.source\.|\.(env|file|command)$/
  expect([...new Set(schemaPaths)].filter((path) => !alternatives.test(path) && !occurs(path))).toEqual([])
  expect(read('example.yaml')).toContain('{env: NAME} | {file: PATH} | {command: [PROGRAM, ARGUMENT, …]}')
  expect(read('example.yaml')).toMatch(/\{mirror: URL\}.*\{bundle: PATH\}/s)
})

function sameShape(path: readonly string[], wanted: readonly string[]): boolean {
  const names = path.filter((part) => !/^\d+$/.test(part))
  return names.length === wanted.length && wanted.every((part, index) => part === '*' || part === names[index])
}

test('schema.json is what the code says', () => {
  expect(read('schema.json'), 'run: provision schema > inventory/schema.json').toBe(jsonSchemaText())
})

test('patterns of the schema mean the same to every editor', () => {
  const patterns = [...read('schema.json').matchAll(/"pattern": (".*"),?$/gm)].map(
    ([, text = '""']) => JSON.parse(text) as string,
  )
  expect(patterns.length).toBeGreaterThan(50)
  for (const pattern of new Set(patterns)) {
    expect(() => [new RegExp(pattern), new RegExp(pattern, 'u')], pattern).not.toThrow()
    expect(pattern).not.toMatch(/\\p\{|\(\?<|\\k/)
  }
})

test('every key is described, so that editors can show it', () => {
  const schema = JSON.parse(read('schema.json'))
  const undescribed: string[] = []
  const walk = (node: Record<string, unknown>, path: string) => {
    for (const [key, inner] of Object.entries((node.properties ?? {}) as Record<string, Record<string, unknown>>)) {
      const alternatives = [inner, ...((inner.anyOf ?? []) as Record<string, unknown>[])]
      if (!alternatives.some((one) => one.description)) undescribed.push(`${path}${key}`)
      for (const one of alternatives) walk(one, `${path}${key}.`)
    }
    if (typeof node.additionalProperties === 'object')
      walk(node.additionalProperties as Record<string, unknown>, `${path}*.`)
  }
  walk(schema, '')
  expect(undescribed.filter((path) => !/\.(env|file|command)$/.test(path))).toEqual([])
})

test('lab.yaml is three throwaway machines with everything they cannot help accepted', () => {
  const { hosts, kubernetes, network, artifacts } = load(read('lab.yaml'))
  expect(hosts.map(({ name, roles, lab }) => [name, roles, lab?.driver, lab?.memoryMiB])).toEqual([
    ['cp1', ['control-plane'], 'auto', 3072],
    ['w1', ['worker'], 'auto', 2048],
    ['w2', ['worker'], 'auto', 2048],
  ])
  for (const { accept } of hosts)
    expect(Object.keys(accept)).toEqual(
      expect.arrayContaining(['virtualisation', 'kvm-device', 'nvme-etcd', 'cpu-count']),
    )
  expect(kubernetes.kubeProxy).toEqual({ mode: 'ipvs', scheduler: 'rr', strictARP: true })
  expect(network).toMatchObject({ cni: 'flannel', backend: 'vxlan' })
  expect(artifacts).toEqual({ source: 'lab' })
})
