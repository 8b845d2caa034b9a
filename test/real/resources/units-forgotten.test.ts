import { unitsForgotten } from '../../../src/resources/units-forgotten.ts'
import { resourceLaws } from '../../support/resource-laws.ts'
import { SystemdHost } from '../../support/systemd-host.ts'

/** A unit that ended with a failure stays in systemd's memory when its file goes. */
const gone = (name: string) => `cat >/etc/systemd/system/${name}.service <<'END'
[Service]
Type=oneshot
ExecStart=/bin/false
END
systemctl daemon-reload; systemctl start ${name}.service 2>/dev/null
rm /etc/systemd/system/${name}.service`

resourceLaws('units forgotten', {
  start: (shell) => SystemdHost.start(shell),
  arrange: `${gone('late')}
mkdir -p /var/lib/provision/stamps && : >/var/lib/provision/stamps/late.service`,
  want: () => [unitsForgotten({ units: ['late.service', 'never.service'] })],
  drifts: [
    { name: 'our record is back', script: 'mkdir -p /var/lib/provision/stamps', says: /started with.*on record/ },
    { name: 'a file went away', script: gone('late'), says: /late\.service.*in the memory of systemd/ },
    {
      name: 'a file went away, and systemd looked again',
      script: `${gone('late')}; systemctl daemon-reload`,
      says: /late\.service.*in the memory of systemd/,
    },
  ],
})
