import { execFileSync } from 'node:child_process'
import { expect, test } from 'vitest'
import { gatewayRoutesProbe } from '../../../src/facts/gateway-routes.ts'
import { SHELLS, TestHost } from '../../support/test-host.ts'

const ROUTES = `set -e
ip link add flannel.1 type veth peer name other
ip link set flannel.1 up; ip link set other up
ip address add 10.244.0.0/32 dev flannel.1; ip address add 192.168.7.2/24 dev flannel.1
ip route add default via 192.168.7.1
ip route add 10.244.1.0/24 via 10.244.1.0 dev flannel.1 onlink
ip route add 10.244.130.0/23 via 192.168.7.3`

test.each(SHELLS)('ways to the pods of other nodes are read as the kernel has them (%s)', async (shell) => {
  await using host = await TestHost.start(shell)
  expect((await host.look([gatewayRoutesProbe])).get(gatewayRoutesProbe)).toEqual([])
  // The host has no `ip`; this machine has.
  execFileSync('nsenter', ['-t', String(host.pid), '-n', 'sh', '-c', ROUTES])
  const routes = (await host.look([gatewayRoutesProbe])).get(gatewayRoutesProbe)
  expect(routes.toSorted()).toEqual(['0.0.0.0/0', '10.244.1.0/24', '10.244.130.0/23'])
})
