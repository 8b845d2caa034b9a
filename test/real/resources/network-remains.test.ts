import { expect, test } from 'vitest'
import { kubeNetworkGone } from '../../../src/resources/kube-network-gone.ts'
import { runtimeGone } from '../../../src/resources/runtime-gone.ts'
import { TestHost } from '../../support/test-host.ts'

/** Views of the cgroups that Cilium and Calico mount, maps that Cilium pins, and beside them what is somebody else's. */
const LEFT_BEHIND = `mkdir -p /run/cilium/cgroupv2 /run/calico/cgroup /run/cilium/other
for point in /run/cilium/cgroupv2 /run/calico/cgroup /run/cilium/other; do mount -t tmpfs view "$point"; done
mount -t tmpfs bpf /sys/fs/bpf
mkdir -p /sys/fs/bpf/cilium/devices/eth0 /sys/fs/bpf/tc/globals
: >/sys/fs/bpf/cilium/devices/eth0/link; : >/sys/fs/bpf/tc/globals/cilium_lb4_services; : >/sys/fs/bpf/tc/globals/mine`

test('what networks mounted and pinned goes when a node is reset, and nothing beside it', async () => {
  await using host = await TestHost.start()
  await host.sh(LEFT_BEHIND)
  const gone = [kubeNetworkGone(), runtimeGone()]
  expect((await host.up(gone)).result).toMatchObject({ verdict: 'ok', changed: 2 })
  expect(await host.sh('cd /sys/fs/bpf && find . -type f; cut -d " " -f 5 /proc/self/mountinfo | grep /run/c')).toBe(
    './tc/globals/mine\n/run/cilium/other\n',
  )
  expect((await host.up(gone)).result).toMatchObject({ changed: 0 })
})
