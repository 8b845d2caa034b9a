import { describe, expect, test } from 'vitest'
import { unit } from '../../../src/resources/unit.ts'
import { resourceLaws } from '../../support/resource-laws.ts'
import { SystemdHost } from '../../support/systemd-host.ts'

const steady = `cat >/etc/systemd/system/steady.service <<'END'
[Service]
ExecStart=/bin/sleep 1000000
[Install]
WantedBy=multi-user.target
END
systemctl daemon-reload`

resourceLaws('unit', {
  start: (shell) => SystemdHost.start(shell),
  arrange: steady,
  want: () => [unit({ name: 'steady.service', enabled: true, active: true, restartOn: { config: 'a1' } })],
  drifts: [
    { name: 'stopped', script: 'systemctl stop steady.service', says: /state.*inactive.*active/ },
    { name: 'disabled', script: 'systemctl disable steady.service 2>/dev/null', says: /enabled.*disabled/ },
    {
      name: 'disabled behind the back of systemd',
      script: 'rm /etc/systemd/system/multi-user.target.wants/steady.service',
      says: /enabled.*disabled/,
    },
    { name: 'masked', script: 'mv /etc/systemd/system/steady.service /usr/lib/systemd/system/; systemctl mask --now steady.service 2>/dev/null', says: /masked.*yes.*no/ },
    { name: 'stamp lost', script: 'rm -r /var/lib/provision', says: /started with config.*not known/ },
    { name: 'unit file changed', script: "sed -i s/1000000/999999/ /usr/lib/systemd/system/steady.service", says: /unit file/ },
  ],
})
