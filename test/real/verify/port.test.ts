import { spawn } from 'node:child_process'
import { expect, test } from 'vitest'
import { probe } from '../../../src/core/fact.ts'
import { portOwners } from '../../../src/facts/port.ts'
import { local } from '../../../src/transport/local.ts'
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

  // A copy under another name: the kernel tells the name of the program. A tunnel listens inside the kernel.
  await host.sh(`cp /bin/busybox /tmp/haproxy
setsid bash -c 'exec -a nc /tmp/haproxy -l -p 6443' </dev/null >/dev/null 2>&1 &
for try in 1 2 3 4 5 6 7 8 9 10; do
  if grep -q ':192B 0*:0000 0A' /proc/net/tcp*; then exit 0; fi
  sleep 0.1
done
exit 1`)
  await inNetworkOf(host, [
    'ip',
    'link',
    'add',
    'flannel.1',
    'type',
    'vxlan',
    'id',
    '1',
    'dev',
    'lo',
    'dstport',
    '8472',
  ])
  await inNetworkOf(host, ['ip', 'link', 'set', 'flannel.1', 'up'])
  expect(await owners()).toEqual({ 'tcp/6443': ['haproxy'], 'tcp/2379': [], 'udp/8472': ['kernel'], 'tcp/10250': [] })
})

test('a socket whose process cannot be seen is still a taken port', async () => {
  await using host = await TestHost.start()
  const listener = spawn('nsenter', ['-t', String(host.pid), '-n', 'busybox', 'nc', '-l', '-p', '2379'], {
    stdio: 'ignore',
  })
  const ask = probe(portOwners, { protocol: 'tcp', port: 2379 })
  const seen = async () => (await host.look([ask])).get(ask)
  await expect.poll(seen, { timeout: 10_000 }).toEqual(['kernel'])
  listener.kill()
  await expect.poll(seen, { timeout: 10_000 }).toEqual([])
})

async function inNetworkOf(host: TestHost, argv: readonly string[]): Promise<void> {
  const done = await local(['nsenter', '-t', String(host.pid), '-n', ...argv])
  expect(done, argv.join(' ')).toMatchObject({ code: 0 })
}
