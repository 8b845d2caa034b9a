import { readFileSync } from 'node:fs'
import { expect, test } from 'vitest'
import { healthScript } from '../../../src/facts/health.ts'
import { waitUntil } from '../../../src/resources/condition.ts'
import { kubeletSettings } from '../../../src/resources/kubelet-settings.ts'
import { resourceLaws } from '../../support/resource-laws.ts'
import { SystemdHost } from '../../support/systemd-host.ts'

const CONFIG = '/var/lib/kubelet/config.yaml'
const KUBEADM = readFileSync(new URL('../../cases/cluster/kubelet/plain.yaml', import.meta.url), 'utf8')

/**
 * Stands in for a kubelet: reads its configuration once, ends where that wants thirteen pods, and tells on its health port with
 * how many it began.
 */
const KUBELET = `use strict; use IO::Socket;
open my $file, '<', '${CONFIG}' or die; my ($pods) = join('', <$file>) =~ /maxPods: (\\d+)/; close $file;
die "maxPods may not be 13\\n" if $pods == 13;
my $server = IO::Socket::INET->new(Listen => 5, LocalAddr => '127.0.0.1', LocalPort => 10248, ReuseAddr => 1) or die;
while (my $c = $server->accept) {
  while (<$c>) { last if /^\\r?$/ }
  print $c "HTTP/1.0 200 OK\\r\\n\\r\\nok $pods\\n";
  close $c;
}`

const ARRANGE = `ip link set lo up 2>/dev/null || :
mkdir -p /var/lib/kubelet /usr/local/bin
cat >${CONFIG} <<'END'
${KUBEADM}END
chmod 0644 ${CONFIG}
cat >/usr/local/bin/kubelet.pl <<'END'
${KUBELET}
END
cat >/etc/systemd/system/kubelet.service <<'END'
[Service]
ExecStart=/usr/bin/perl /usr/local/bin/kubelet.pl
Restart=always
RestartSec=1
[Install]
WantedBy=multi-user.target
END
systemctl daemon-reload
systemctl start kubelet.service
${waitUntil(healthScript({ port: 10_248, path: '/healthz' }), 20, 'the kubelet')}`

const want = (maxPods: number) => [kubeletSettings({ wanted: { maxPods, systemReserved: { cpu: undefined } } })]

resourceLaws('settings of the kubelet', {
  start: (shell) => SystemdHost.start(shell),
  arrange: ARRANGE,
  want: () => want(60),
  drifts: [
    {
      name: 'edited by hand',
      script: `sed -i 's/maxPods: 60/maxPods: 61/' ${CONFIG}`,
      says: /maxPods.*61.*60.*restarts/,
    },
    {
      name: 'a reserve we do not want',
      script: `printf 'systemReserved:\\n  cpu: 250m\\n' >>${CONFIG}`,
      says: /systemReserved.cpu.*250m.*unset/,
    },
  ],
})

async function kubelet(): Promise<SystemdHost> {
  const host = await SystemdHost.start()
  await host.sh(ARRANGE)
  return host
}

/** With how many pods the process began that runs now. */
const asked = `bash -c 'exec 3<>/dev/tcp/127.0.0.1/10248; printf "GET / HTTP/1.0\\r\\n\\r\\n" >&3; cat <&3' | tail -n 1`
const invocation = 'systemctl show -p InvocationID --value kubelet.service'

test('new settings are those the kubelet runs with, and the file keeps its mode and its other lines', async () => {
  await using host = await kubelet()
  const { result, plan } = await host.up(want(60))
  expect(result).toMatchObject({ verdict: 'ok', changed: 1 })
  expect(plan?.resources[0]?.changes.map(({ what, disrupts }) => [what, disrupts])).toEqual([
    ['maxPods', undefined],
    [CONFIG, 'restarts kubelet.service'],
  ])
  expect(await host.sh(asked)).toBe('ok 60\n')
  expect(await host.sh(`cat ${CONFIG}`)).toBe(KUBEADM.replace('maxPods: 110', 'maxPods: 60'))
  expect(await host.sh(`stat -c %a:%U ${CONFIG}`)).toBe('644:root\n')
  const before = await host.sh(invocation)
  expect((await host.up(want(60))).result).toMatchObject({ changed: 0, unchanged: 1, counters: { channels: 1 } })
  expect(await host.sh(invocation)).toBe(before)
})

test('cut off before the restart, the next plan says that the kubelet has not begun with them', async () => {
  await using host = await kubelet()
  await host.sh(`mkdir -p /run/provision; cp ${CONFIG} /run/provision/kubelet-settings-before
sed -i 's/maxPods: 110/maxPods: 60/' ${CONFIG}`)
  expect(await host.sh(asked)).toBe('ok 110\n')
  const { plan } = await host.plan(want(60))
  expect(plan?.resources[0]?.changes).toMatchObject([{ from: 'begun with other settings', to: 'restarted' }])
  expect((await host.up(want(60))).result).toMatchObject({ verdict: 'ok', changed: 1 })
  expect(await host.sh(asked)).toBe('ok 60\n')
  expect((await host.up(want(60))).result).toMatchObject({ changed: 0 })
})

test('settings it does not come up with are taken back, and the reason is shown', async () => {
  await using host = await kubelet()
  const { result } = await host.up(want(13))
  expect(result).toMatchObject({ verdict: 'failed', failed: 1 })
  const told = JSON.stringify(result.failures)
  expect(told).toContain('maxPods may not be 13')
  expect(told).toContain('It is well with them.')
  expect(await host.sh(`cat ${CONFIG}`)).toBe(KUBEADM)
  expect(await host.sh(asked)).toBe('ok 110\n')
  // It is as it was, so a plan says the same as before.
  expect((await host.plan(want(13))).plan?.resources[0]).toMatchObject({ verdict: 'change' })
})
