import { expect, test } from 'vitest'
import { reset } from '../../../playbooks/reset.ts'
import { compile } from '../../../src/core/play.ts'
import { nodeOf, ONE_NODE } from '../../support/node.ts'
import { SystemdHost } from '../../support/systemd-host.ts'

/** Nobody can tell by hand how a service ended: `failed` is what keeps a unit in systemd's memory once its file is gone. */
const ENDINGS = [
  ['ends as it is told', 'exec sleep 1000000'],
  ['ends with a failure', "trap 'exit 3' TERM; while :; do sleep 1; done"],
] as const

/** A node of ours as far as systemd, files and folders go. */
function ours(body: string): string {
  const services = ['kubelet', 'containerd'].map(
    (name) => `cat >/etc/systemd/system/${name}.service <<'END'
[Service]
ExecStart=/bin/sh -c "${body}"
[Install]
WantedBy=multi-user.target
END`,
  )
  return `${services.join('\n')}
systemctl daemon-reload && systemctl enable --now kubelet containerd 2>/dev/null
mkdir -p /var/lib/provision/stamps /etc/kubernetes/pki /var/lib/etcd/member /var/lib/kubelet /etc/systemd/journald.conf.d
printf 'unit\\tx\\n' | tee /var/lib/provision/stamps/kubelet.service >/var/lib/provision/stamps/systemd-journald.service
touch /usr/local/bin/kubelet /etc/kubernetes/admin.conf
mkdir -p /etc/systemd/system.conf.d
printf '[Manager]\nDefaultLimitNOFILE=77777\n' >/etc/systemd/system.conf.d/50-provision.conf && systemctl daemon-reexec`
}

const LIMIT = 'systemctl show -p DefaultLimitNOFILESoft'

test.each(ENDINGS)('a node whose service %s is reset in one run, and the next changes nothing', async (_how, body) => {
  await using host = await SystemdHost.start()
  const limit = await host.sh(LIMIT)
  await host.sh(ours(body))
  expect(await host.sh(LIMIT)).toContain('77777')
  const play = () => compile(reset({ refuseMember: true }), nodeOf(ONE_NODE))
  const { result } = await host.carryOut(play())
  expect(result).toMatchObject({ verdict: 'ok', failures: [] })
  const left = await host.sh(`ls -d /etc/kubernetes /var/lib/etcd /var/lib/kubelet /usr/local/bin/kubelet \\
  /etc/systemd/system/kubelet.service /var/lib/provision/stamps 2>/dev/null
systemctl list-units --all --no-legend kubelet.service containerd.service; :`)
  expect(left).toBe('')
  expect(await host.sh(LIMIT)).toBe(limit)
  const again = await host.carryOut(play())
  expect(again.result).toMatchObject({ verdict: 'ok', changed: 0, failures: [] })
})
