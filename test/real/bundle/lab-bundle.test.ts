import { execFile, spawn } from 'node:child_process'
import { mkdtemp, readFile, rm, writeFile } from 'node:fs/promises'
import { homedir, tmpdir } from 'node:os'
import { join } from 'node:path'
import { promisify } from 'node:util'
import { afterAll, beforeAll, describe, expect, test, vi } from 'vitest'
import { type Bundle, openBundle } from '../../../src/artifacts/bundle.ts'
import { CONTROL_PLANE_IMAGES, RELEASES } from '../../../src/catalog/releases.ts'
import { makeBundle } from '../../../src/lab/bundle/bundle.ts'

const run = promisify(execFile)

/** Everything is compiled here when it never was: minutes, once. */
const COLD_MS = 60 * 60_000

let bundle: Bundle
beforeAll(async () => {
  bundle = await makeBundle({ cacheDir: join(homedir(), '.cache/provision'), report: () => {}, jobs: 2 })
}, COLD_MS)

const bin = (name: string) => bundle.file(name).path

describe('programs say the version the catalog gives them', () => {
  test.each([
    ['kubeadm', ['version', '-o', 'short'], RELEASES.kubernetes.version],
    ['kubelet', ['--version'], `Kubernetes ${RELEASES.kubernetes.version}`],
    ['kubectl', ['version', '--client'], `Client Version: ${RELEASES.kubernetes.version}`],
    ['containerd', ['--version'], RELEASES.containerd.version],
    ['ctr', ['--version'], RELEASES.containerd.version],
    ['runc', ['--version'], `runc version ${RELEASES.runc.version.slice(1)}`],
    ['crictl', ['--version'], RELEASES.crictl.version],
    ['cni/bridge', ['--version'], RELEASES.cniPlugins.version],
  ])('%s', async (name, words, version) => {
    const { stdout, stderr } = await run(bin(name), words).catch((error: { stdout: string; stderr: string }) => error)
    expect(stdout + stderr).toContain(version)
  })

  test('runc was built with seccomp, and no program needs a library', async () => {
    expect((await run(bin('runc'), ['--version'])).stdout).toContain('libseccomp: ')
    for (const { name, kind } of bundle.artifacts.filter((artifact) => artifact.kind === 'binary')) {
      const ldd = await run('ldd', [bin(name)]).catch((error: { stderr: string }) => ({ stdout: error.stderr }))
      expect(`${name} ${kind}: ${ldd.stdout}`).toMatch(/not a dynamic executable|statically linked/)
    }
  })
})

test('kubeadm asks for exactly the images the bundle holds', async () => {
  const words = ['config', 'images', 'list', '--kubernetes-version', RELEASES.kubernetes.version]
  const asked = (await run(bin('kubeadm'), words)).stdout.trim().split('\n')
  expect(asked.sort()).toEqual(Object.values(CONTROL_PLANE_IMAGES).sort())
  const held = bundle.artifacts.flatMap((artifact) => artifact.reference ?? [])
  expect(held).toEqual(expect.arrayContaining(asked))
})

test('provision bundle carries exactly these bytes away, for what an inventory needs', async () => {
  const root = join(import.meta.dirname, '../../..')
  const to = await mkdtemp(join(tmpdir(), 'provision-carry-'))
  try {
    await run(join(root, 'src/provision'), ['bundle', join(root, 'inventory/lab.yaml'), '--out', join(to, 'lab.tar')])
    const carried = await openBundle(join(to, 'lab.tar'))
    expect(carried.artifacts.map(({ name }) => name)).toEqual(
      expect.arrayContaining(['kubelet', 'containerd', 'pause', 'kube-flannel.yml']),
    )
    for (const artifact of carried.artifacts) expect(artifact).toEqual(bundle.file(artifact.name).artifact)
  } finally {
    await rm(to, { recursive: true })
  }
}, 300_000)

describe('images in a real containerd', () => {
  let root = ''
  let containerd: ReturnType<typeof spawn>
  const ctr = async (...words: readonly string[]) =>
    (await run(bin('ctr'), ['--address', join(root, 'socket'), '--namespace', 'k8s.io', ...words])).stdout

  beforeAll(async () => {
    root = await mkdtemp(join(tmpdir(), 'provision-images-'))
    const config = [
      'version = 3',
      `root = "${root}/root"`,
      `state = "${root}/state"`,
      'disabled_plugins = ["io.containerd.grpc.v1.cri", "io.containerd.cri.v1.images", "io.containerd.cri.v1.runtime"]',
      `[grpc]\naddress = "${root}/socket"`,
      `[ttrpc]\naddress = "${root}/ttrpc"`,
    ]
    await writeFile(join(root, 'config.toml'), `${config.join('\n')}\n`)
    containerd = spawn(bin('containerd'), ['--config', join(root, 'config.toml')], { stdio: 'ignore' })
    await vi.waitFor(() => ctr('version'), { timeout: 30_000, interval: 200 })
  })
  afterAll(async () => {
    const ended = new Promise((resolve) => containerd.once('exit', resolve))
    containerd.kill('SIGTERM')
    await ended
    // containerd leaves the mounts of images behind.
    const mounts = (await readFile('/proc/mounts', 'utf8')).split('\n').map((line) => line.split(' ')[1] ?? '')
    for (const path of mounts.filter((each) => each.startsWith(`${root}/`)).reverse()) await run('umount', [path])
    await rm(root, { recursive: true, force: true })
  })

  test('all are read, under the names kubelets ask for, for this processor', async () => {
    const images = bundle.artifacts.filter((artifact) => artifact.kind === 'image')
    for (const { name } of images) await ctr('images', 'import', bin(name))
    const names = (await ctr('images', 'ls', '-q')).trim().split('\n')
    expect(names.sort()).toEqual(images.map((image) => image.reference ?? '').sort())
    expect(await ctr('images', 'check')).not.toMatch(/incomplete|missing/)
  }, 300_000)

  test('what is inside is where manifests expect it, and runs', async () => {
    const inside = async (reference: string, path: string, ...words: readonly string[]) => {
      const at = await mkdtemp(join(root, 'mounted-'))
      await ctr('images', 'mount', '--rw', reference, at)
      try {
        return (await run('chroot', [at, path, ...words])).stdout
      } finally {
        await ctr('images', 'unmount', '--rm', at)
      }
    }
    const images = CONTROL_PLANE_IMAGES
    const kubernetes = `Kubernetes ${RELEASES.kubernetes.version}`
    for (const name of ['kube-apiserver', 'kube-controller-manager', 'kube-scheduler', 'kube-proxy'] as const) {
      expect(await inside(images[name], `/usr/local/bin/${name}`, '--version')).toContain(kubernetes)
    }
    expect(await inside(images.etcd, '/usr/local/bin/etcd', '--version')).toContain(
      `etcd Version: ${RELEASES.etcd.version.slice(1)}`,
    )
    expect(await inside(images.etcd, '/usr/local/bin/etcdctl', 'version')).toContain(RELEASES.etcd.version.slice(1))
    expect(await inside(images.coredns, '/coredns', '-version')).toContain(
      `CoreDNS-${RELEASES.coredns.version.slice(1)}`,
    )
    expect(await inside(images['kube-proxy'], '/usr/sbin/iptables', '--version')).toContain('nf_tables')
    expect(await inside(images['kube-proxy'], '/usr/sbin/ipset', 'version')).toMatch(/^ipset v/)
    expect(await inside(images['kube-proxy'], '/usr/sbin/conntrack', '--version')).toContain('conntrack v')
    const { flannel } = RELEASES.flannel.images
    await expect(inside(flannel, '/opt/bin/flanneld', '--version')).resolves.toBeDefined()
    expect(await inside(flannel, '/usr/sbin/nft', '--version')).toMatch(/^nftables v/)
    await inside(RELEASES.flannel.images['flannel-cni-plugin'], '/bin/cp', '-f', '/flannel', '/tmp/flannel')
  }, 300_000)
})
