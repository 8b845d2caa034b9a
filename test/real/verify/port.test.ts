import { expect, test } from 'vitest'
import { probe } from '../../../src/core/fact.ts'
import { portOwners } from '../../../src/facts/port.ts'
import { SHELLS, TestHost } from '../../support/test-host.ts'

const asks = [
  { protocol: 'tcp', port: 6443 },
  { protocol: 'tcp', port: 2379 },
  { protocol: 'udp', port: 8472 },
  { protocol: 'tcp', port: 10_250 },
] as const

test.each(SHELLS)('names who listens, and nobody where nobody does (%s)', async (shell) => {
  await using host = await TestHost.start(shell)
  const owners = async () => {
    const answers = await host.look(asks.map((ask) => probe(portOwners, ask)))
    return Object.fromEntries(asks.map((ask) => [`${ask.protocol}/${ask.port}`, answers.get(probe(portOwners, ask))]))
  }
  expect(await owners()).toEqual({ 'tcp/6443': [], 'tcp/2379': [], 'udp/8472': [], 'tcp/10250': [] })

  // A copy under another name: the kernel tells the name of the program.
  await host.sh(`cp /bin/busybox /tmp/haproxy
setsid /tmp/haproxy nc -l -p 6443 -e /bin/true </dev/null >/dev/null 2>&1 &
setsid busybox nc -u -l -p 8472 -e /bin/true </dev/null >/dev/null 2>&1 &
for try in 1 2 3 4 5 6 7 8 9 10; do
  grep -q ':192B 00000000:0000 0A' /proc/net/tcp* && grep -q ':2118 ' /proc/net/udp* && exit 0
  sleep 0.1
done
exit 1`)
  expect(await owners()).toMatchObject({ 'tcp/2379': [], 'udp/8472': ['busybox'], 'tcp/10250': [] })
  expect((await owners())['tcp/6443']).toEqual(['haproxy'])
})
