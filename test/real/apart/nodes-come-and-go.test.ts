import { afterAll, beforeAll, describe, expect, test } from 'vitest'
import { type Ended, eventsOf, describe as told } from '../../support/command-line.ts'
import { KUBECTL, MainLab, THREE_NODES } from '../../support/main-lab.ts'
import { changed, note } from '../../support/outcome.ts'

/** From nothing to a proven cluster on a busy computer. */
const UP_MS = 2_400_000
const AGAIN_MS = 300_000

let lab: MainLab
beforeAll(async () => {
  lab = await MainLab.open('main-several', THREE_NODES)
  const ended = await up()
  expect(ended.code, told(ended)).toBe(0)
}, UP_MS)
afterAll(async () => {
  await lab?.[Symbol.asyncDispose]()
})

function up(...options: readonly string[]): Promise<Ended> {
  return lab.cli.json(['up', lab.inventory, '--yes', ...options])
}

// In order: each begins with what the one before left.
describe('the network under a cluster changes', () => {
  test('a way that became narrower: a number by hand is refused, auto makes pods fit, and the record stays', {
    timeout: UP_MS,
  }, async () => {
    // The cards still take 1400.
    await lab.change(['hosts', 'w2', 'lab'], { wan: { mtu: 1350 } })
    const forced = await up('--verify', '--set', 'network.mtu=1301')
    expect(forced.code, told(forced)).toBe(4)
    expect(note(forced, 'w2', 'requirement:path-mtu')).toMatch(
      /^network.mtu is 1301, and pods can have 1300 at most: 1350 \((w2 → \w+|\w+ → w2)\) − 50 \(VXLAN over IPv4\) = 1300/,
    )
    for (const host of ['cp1', 'w1', 'w2']) expect(changed(forced, host)).toEqual([])

    const plan = await lab.cli.json(['up', lab.inventory, '--verify', '--dry-run'])
    const planned = eventsOf(plan, 'plan').findLast(({ host }) => host === 'cp1')?.plan.resources
    const flannel = planned?.find(({ key }) => key === 'manifests:flannel')
    expect(flannel?.changes.map(({ what }) => what)).toEqual([
      'MTU of pods',
      'ConfigMap kube-flannel/kube-flannel-cfg',
      'DaemonSet kube-flannel/kube-flannel-ds',
    ])
    expect(flannel?.changes[0]).toMatchObject({
      from: 'that of the card less 50',
      to: expect.stringContaining('− 50 (VXLAN over IPv4) = 1300'),
      disrupts: expect.stringContaining('pods that run keep their MTU until they are restarted'),
    })

    const done = await up('--verify')
    expect(done.code, told(done)).toBe(0)
    expect(changed(done, 'cp1')).toContain('manifests:flannel')
    const tunnels = `sed -n s/^FLANNEL_MTU=//p /run/flannel/subnet.env; cat /sys/class/net/flannel.1/mtu`
    for (const host of ['cp1', 'w1', 'w2']) expect(await lab.sh(tunnels, AGAIN_MS, host), host).toBe('1300\n1300\n')
    // Nobody measures in this run: what was measured stands in the cluster.
    const again = await up()
    expect(again.code, told(again)).toBe(0)
    for (const host of ['cp1', 'w1', 'w2']) expect(changed(again, host), host).toEqual([])
  })
})

/** What a node leaves in folders, units, the kernel; nothing when it is clean. */
const REMAINS = `ls -d /etc/kubernetes /etc/containerd /var/lib/kubelet /var/lib/etcd /var/lib/containerd /run/containerd /var/lib/cni \\
  /usr/local/bin/kubelet /etc/systemd/system/kubelet.service /etc/sysctl.d/99-k8s-network.conf /var/lib/provision/stamps 2>/dev/null
for link in cni0 flannel.1 kube-ipvs0; do [ ! -e /sys/class/net/$link ] || printf '%s\\n' $link; done
iptables-save | grep -E 'KUBE-|FLANNEL-|CNI-'; ipset list -n; grep -E '^(TCP|UDP)' /proc/net/ip_vs
ls -d /sys/fs/cgroup/kubepods.slice 2>/dev/null; systemctl list-units --all --no-legend kubelet.service containerd.service; :`
/** What is somebody else's on that machine, beside what leads to it. */
const NOT_OURS = `sha256sum /etc/ssh/sshd_config /etc/ssh/ssh_host_*_key /root/.ssh/authorized_keys /etc/passwd /opt/cni/bin/mine
ip -o -4 address show dev vec0; ip route show dev vec0; iptables-save | grep MINE; dpkg -l | sha256sum`

describe('nodes leave, and the cluster goes', () => {
  test('a budget keeps a node, and says which pod', { timeout: UP_MS }, async () => {
    await lab.sh(
      `iptables -N MINE && iptables -A INPUT -p tcp --dport 9 -j MINE && : >/opt/cni/bin/mine`,
      AGAIN_MS,
      'w2',
    )
    const image = '--image=registry.k8s.io/pause:3.10.2 --replicas=4'
    await lab.sh(
      `${KUBECTL} create deployment keep ${image} && ${KUBECTL} create pdb keep --selector=app=keep --min-available=4 &&
${KUBECTL} rollout status deployment/keep --timeout=200s`,
      AGAIN_MS,
      'cp1',
    )
    const ended = await lab.cli.json(['remove', lab.inventory, 'w2', '--yes', '--drain-timeout', '10'])
    expect(ended.code, told(ended)).toBe(3)
    expect(JSON.stringify(eventsOf(ended, 'host'))).toMatch(/keep-[a-z0-9-]+.*violate the pod's disruption budget/)
    expect(changed(ended, 'w2')).toEqual([])
    expect(await lab.nodes()).toContain('w2 True')
    await lab.sh(`${KUBECTL} delete pdb keep && ${KUBECTL} delete deployment keep --wait=false`, AGAIN_MS, 'cp1')
  })

  test('a worker leaves: killed in the middle, gone on with, clean, and its own things untouched', {
    timeout: UP_MS,
  }, async () => {
    const before = await lab.sh(NOT_OURS, AGAIN_MS, 'w2')
    const remove = ['remove', lab.inventory, 'w2', '--yes', '--json']
    const cut = lab.cli.start(remove, {
      onEvent: (event) => {
        if (event.type === 'step' && event.host === 'w2') cut.child.kill('SIGKILL')
      },
    })
    await cut.ended
    const ended = await lab.cli.run(remove)
    expect(ended.code, told(ended)).toBe(0)
    expect(await lab.nodes()).toBe('cp1 True <none>\nw1 True fast')
    expect(await lab.sh(REMAINS, AGAIN_MS, 'w2')).toBe('')
    expect(await lab.sh(NOT_OURS, AGAIN_MS, 'w2')).toBe(before)
    const again = await lab.cli.run(remove)
    expect(again.code, told(again)).toBe(0)
    expect([changed(again, 'cp1'), changed(again, 'w2')]).toEqual([[], []])
    await lab.change(['hosts', 'w2'], undefined)
  })

  test('one that is gone for good is said to be dead, and up tells of it until then', { timeout: UP_MS }, async () => {
    const lives = await lab.cli.json(['remove', lab.inventory, 'w1', '--dead', '--yes'])
    expect(lives.code, told(lives)).toBe(4)
    const off = await lab.cli.run(['lab', 'off', lab.inventory, 'w1'])
    expect(off.code, told(off)).toBe(0)
    // It is not taken for dead because it cannot be reached.
    const alone = await lab.cli.json(['remove', lab.inventory, 'w1', '--yes'])
    expect(alone.code, told(alone)).toBe(5)
    expect(changed(alone, 'cp1')).toEqual([])
    await lab.change(['hosts', 'w1'], undefined)
    const stray = await lab.cli.json(['up', lab.inventory, '--dry-run'])
    const found = eventsOf(stray, 'plan').flatMap(({ plan }) => plan.resources.flatMap(({ finding }) => finding ?? []))
    expect(found.find(({ id }) => id === 'strangers')).toMatchObject({
      met: false,
      evidence: 'w1: still part of the cluster',
    })
    await lab.sh(`${KUBECTL} wait --for=condition=Ready=Unknown node/w1 --timeout=200s`, AGAIN_MS, 'cp1')
    const ended = await lab.cli.json(['remove', lab.inventory, 'w1', '--dead', '--yes'])
    expect(ended.code, told(ended)).toBe(0)
    expect(await lab.nodes()).toBe('cp1 True <none>')
  })

  test('the cluster is destroyed only by name, and up makes another one on the same machine', {
    timeout: UP_MS,
  }, async () => {
    const unnamed = await lab.cli.run(['reset', lab.inventory, '--yes'])
    expect(unnamed.code, told(unnamed)).toBe(2)
    const reset = ['reset', lab.inventory, '--yes', '--destroy', 'main-several', '--json']
    const ended = await lab.cli.run(reset)
    expect(ended.code, told(ended)).toBe(0)
    expect(await lab.sh(REMAINS, AGAIN_MS, 'cp1')).toBe('')
    const again = await lab.cli.run(reset)
    expect(again.code, told(again)).toBe(0)
    expect(changed(again, 'cp1')).toEqual([])
    const anew = await up()
    expect(anew.code, told(anew)).toBe(0)
    expect(await lab.nodes()).toBe('cp1 True <none>')
  })
})
