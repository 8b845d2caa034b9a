import { describe, expect, it } from 'vitest'
import { reset } from '../../playbooks/reset.ts'
import { up } from '../../playbooks/up.ts'
import { resetList } from '../../src/cluster/reset-list.ts'
import { compile } from '../../src/core/play.ts'
import { nodeOf, ONE_NODE } from '../support/node.ts'

const WORKER = ONE_NODE.replace('hosts:\n', 'hosts:\n  w1: {address: 10.0.0.12, roles: [worker]}\n')
const ODD = ONE_NODE.replace(
  'network: {cni: flannel}',
  'network: {cni: flannel, backend: host-gw}\nruntime: {registryMirrors: {docker.io: ["https://m.test"]}}',
)
const SHARED = `name: test
kubernetes: {version: "1.36.3", virtualAddress: {address: 10.0.0.100}}
network: {cni: flannel}
loadBalancer: {metallb: {pools: {web: {addresses: [10.0.0.200-10.0.0.210]}}}}
hosts:
  cp1: {address: 10.0.0.11, roles: [control-plane, worker]}
  cp2: {address: 10.0.0.12, roles: [control-plane, worker]}
  cp3: {address: 10.0.0.13, roles: [control-plane, worker]}
`

function listOf(text: string, trees: readonly string[] = []) {
  return resetList(
    compile(up, nodeOf(text)).resources.map(({ resource }) => resource),
    trees,
  )
}

describe('what reset takes away', () => {
  it.each([
    ['a control plane', ONE_NODE],
    ['a worker', WORKER],
    ['other settings', ODD],
    ['a shared address and a load balancer', SHARED],
  ])('is decided for everything that up makes of %s', (_name, text) => {
    expect(listOf(text).unknown).toEqual([])
  })
  it('are the files of the play, and services with theirs', () => {
    const { files, units, ownUnits } = listOf(ONE_NODE, ['/etc/kubernetes', '/etc/containerd'])
    expect(files).toContain('/usr/local/bin/kubelet')
    expect(files).toContain('/etc/sysctl.d/99-k8s-network.conf')
    expect(files).toContain('/etc/security/limits.d/50-provision.conf')
    expect(files).toContain('/var/lib/provision/verified')
    expect(files.filter((path) => path.startsWith('/etc/kubernetes/'))).toEqual([])
    expect(units).toEqual(['containerd.service', 'kubelet.service'])
    expect(ownUnits).toEqual(units)
  })
  it('are the services of packages that only our settings made useful', () => {
    const { units, ownUnits } = listOf(SHARED)
    expect(units).toEqual(expect.arrayContaining(['haproxy.service', 'keepalived.service']))
    expect(ownUnits).not.toContain('keepalived.service')
    expect(units).not.toContain('systemd-journald.service')
  })
  it('is nothing that a way to the host needs', () => {
    const paths = compile(reset({ refuseMember: true }), nodeOf(ONE_NODE)).resources.flatMap(
      ({ resource }) => resource.paths,
    )
    expect(paths.length).toBeGreaterThan(20)
    for (const path of paths)
      expect(path).not.toMatch(/ssh|^\/root|^\/home|passwd|shadow|sudoers|network\/|netplan|resolv/)
    for (const whole of ['/etc', '/usr/local/bin', '/var/lib', '/opt', '/']) expect(paths).not.toContain(whole)
  })
  it('is remembered until all else is gone, so that a run that was cut off is still known as ours', () => {
    const { resources } = compile(reset({ refuseMember: true }), nodeOf(SHARED))
    const last = resources.at(-1)
    expect(last?.resource.paths).toEqual(['/var/lib/provision/stamps'])
    expect(resources.filter(({ section }) => section === last?.section)).toEqual([last])
  })
  it('is refused where an inventory keeps etcd in a folder the machine needs', () => {
    for (const folder of ['/etc/ssh', '/root', '/usr', '/var/lib/dpkg', '/home']) {
      const node = nodeOf(ONE_NODE)
      const kubernetes = { ...node.inventory.kubernetes, etcd: { dataDir: folder } }
      const bad = { ...node, inventory: { ...node.inventory, kubernetes } }
      expect(() => compile(reset({ refuseMember: false }), bad as typeof node), folder).toThrow(
        /the machine itself needs/,
      )
    }
  })
})
