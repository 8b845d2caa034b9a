import { execFile } from 'node:child_process'
import { mkdir, mkdtemp, readdir, rm, writeFile } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterAll, beforeAll, expect, test } from 'vitest'
import { startBundle } from '../../../src/lab/bundle/bundle.ts'
import { RECIPES } from '../../../src/lab/bundle/recipes.ts'

/** As flanneld writes it; the subnet has host bits. */
const SUBNET = 'FLANNEL_NETWORK=10.244.0.0/16\nFLANNEL_SUBNET=10.244.3.1/24\nFLANNEL_MTU=1430\nFLANNEL_IPMASQ=true\n'

const id = `${process.pid}`
const node = `provision-node-${id}`
const pods = [`provision-pod-a-${id}`, `provision-pod-b-${id}`]
let root = ''

interface Ended {
  readonly code: number
  readonly stdout: string
  readonly stderr: string
}

function run(program: string, args: readonly string[], input = ''): Promise<Ended> {
  return new Promise((resolve) => {
    const child = execFile(program, args, (error, stdout, stderr) => {
      resolve({ code: error === null ? 0 : Number(error.code ?? 1), stdout, stderr })
    })
    // A program that ends before it reads is no trouble of ours.
    child.stdin?.on('error', () => {}).end(input)
  })
}

const inside = (namespace: string, ...words: readonly string[]) => run('ip', ['netns', 'exec', namespace, ...words])

beforeAll(async () => {
  root = await mkdtemp(join(tmpdir(), 'provision-flannel-'))
  const wanted = RECIPES.filter((recipe) => ['cni-plugins', 'own-programs'].includes(recipe.name))
  const bundle = await startBundle({ cacheDir: join(root, 'cache'), report: () => {}, jobs: 1 }, wanted).done
  const parts = await readdir(join(root, 'cache/parts'))
  await mkdir(join(root, 'bin'))
  await run('cp', [
    join(root, 'cache/parts', parts.find((name) => name.startsWith('own-')) ?? '', 'flannel-cni'),
    join(root, 'bin/flannel'),
  ])
  for (const plugin of ['bridge', 'host-local', 'portmap'])
    await run('cp', [join(bundle.path, 'bin/cni', plugin), join(root, 'bin')])
  for (const namespace of [node, ...pods]) await run('ip', ['netns', 'add', namespace])
})
afterAll(async () => {
  for (const namespace of [node, ...pods]) await run('ip', ['netns', 'del', namespace])
  await rm(root, { recursive: true })
})

/** Calls the plugin the way a container runtime does. */
async function plugin(action: string, pod: string, subnetFile = join(root, 'subnet.env')): Promise<Ended> {
  const config = {
    cniVersion: '0.3.1',
    name: 'cbr0',
    type: 'flannel',
    subnetFile,
    dataDir: join(root, 'state'),
    ipam: { dataDir: join(root, 'leases') },
    delegate: { hairpinMode: true, isDefaultGateway: true },
  }
  const settings = {
    CNI_COMMAND: action,
    CNI_CONTAINERID: pod,
    CNI_NETNS: `/var/run/netns/${pod}`,
    CNI_IFNAME: 'eth0',
    CNI_PATH: join(root, 'bin'),
  }
  const words = Object.entries(settings).map(([name, value]) => `${name}=${value}`)
  return run('ip', ['netns', 'exec', node, 'env', ...words, join(root, 'bin/flannel')], JSON.stringify(config))
}

test('without the file of flanneld it says so, with the code for "try again later"', async () => {
  const ended = await plugin('ADD', pods[0] ?? '')
  expect(ended.code).toBe(1)
  expect(JSON.parse(ended.stdout)).toMatchObject({ code: 11, msg: expect.stringContaining('flanneld writes it') })
})

test('two pods get addresses of the node’s subnet, its MTU, and reach each other and the gateway', async () => {
  await writeFile(join(root, 'subnet.env'), SUBNET)
  const [a, b] = [
    JSON.parse((await plugin('ADD', pods[0] ?? '')).stdout),
    JSON.parse((await plugin('ADD', pods[1] ?? '')).stdout),
  ]
  expect(a.cniVersion).toBe('0.3.1')
  expect([a.ips[0].address, b.ips[0].address]).toEqual(['10.244.3.2/24', '10.244.3.3/24'])
  expect(a.ips[0].gateway).toBe('10.244.3.1')
  expect(a.routes).toEqual(expect.arrayContaining([{ dst: '10.244.0.0/16' }, { dst: '0.0.0.0/0', gw: '10.244.3.1' }]))
  const link = JSON.parse((await inside(pods[0] ?? '', 'ip', '-j', 'link', 'show', 'eth0')).stdout)
  expect(link[0].mtu).toBe(1430)
  expect((await inside(node, 'ip', '-4', 'address', 'show', 'cni0')).stdout).toContain('10.244.3.1/24')
  for (const [from, to] of [
    [pods[0], '10.244.3.1'],
    [pods[0], '10.244.3.3'],
    [node, '10.244.3.2'],
  ]) {
    expect((await reaches(from ?? '', to ?? '')).code).toBe(0)
  }
})

test('removing works after flanneld’s file is gone, twice, and gives the address back', async () => {
  await rm(join(root, 'subnet.env'))
  expect(await plugin('DEL', pods[0] ?? '')).toMatchObject({ code: 0 })
  expect(await plugin('DEL', pods[0] ?? '')).toMatchObject({ code: 0 })
  expect((await inside(pods[0] ?? '', 'ip', 'link', 'show', 'eth0')).code).not.toBe(0)
  expect(await readdir(join(root, 'leases/cbr0'))).not.toContain('10.244.3.2')
  expect(await readdir(join(root, 'state'))).toEqual([pods[1]])
})

test.each([
  ['garbage', 'FLANNEL_SUBNET=999.1.1.1/24\nFLANNEL_NETWORK=10.0.0.0/8\n', /FLANNEL_SUBNET=999/],
  ['nothing in it', '', /missing/],
])('a subnet file with %s is named', async (name, text, message) => {
  const path = join(root, `bad-${name.length}.env`)
  await writeFile(path, text)
  const ended = await plugin('ADD', pods[0] ?? '', path)
  expect(ended.code).toBe(1)
  expect(JSON.parse(ended.stdout).msg).toMatch(message)
})

/** One TCP round trip decides: a refused connection has been there and back. */
function reaches(namespace: string, address: string): Promise<Ended> {
  const script = `require('net').connect({host:'${address}',port:9,timeout:3000}).on('error',e=>process.exit(e.code==='ECONNREFUSED'?0:1)).on('timeout',()=>process.exit(2))`
  return inside(namespace, process.execPath, '-e', script)
}
