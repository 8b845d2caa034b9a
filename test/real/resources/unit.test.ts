import { describe, expect, test } from 'vitest'
import { sha256 } from '../../../src/core/plan.ts'
import { file } from '../../../src/resources/file.ts'
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
    {
      name: 'masked',
      script:
        'mv /etc/systemd/system/steady.service /usr/lib/systemd/system/; systemctl mask --now steady.service 2>/dev/null',
      says: /masked.*yes.*no/,
    },
    { name: 'stamp lost', script: 'rm -r /var/lib/provision', says: /started with config.*not known/ },
    {
      name: 'unit file changed',
      script: 'sed -i s/1000000/999999/ /usr/lib/systemd/system/steady.service',
      says: /unit file/,
    },
  ],
})

/** Writes unit files; `body` is what stands in [Service]. */
function service(name: string, body: string, more = ''): string {
  return `cat >/etc/systemd/system/${name}.service <<'END'
[Unit]
${more}
[Service]
${body}
[Install]
WantedBy=multi-user.target
END
`
}

async function hostWith(...services: string[]): Promise<SystemdHost> {
  const host = await SystemdHost.start()
  await host.sh(`${services.join('')}systemctl daemon-reload`)
  return host
}

const invocation = (name: string) => `systemctl show -p InvocationID --value ${name}`

describe('restart is state', () => {
  test('another digest restarts once; the same, or the order of labels, never', async () => {
    await using host = await hostWith(service('s', 'ExecStart=/bin/sleep 1000'))
    const want = (config: string) => [unit({ name: 's.service', active: true, restartOn: { config, binary: 'b' } })]
    await host.up(want('one'))
    const first = await host.sh(invocation('s.service'))
    const { plan } = await host.plan(want('two'))
    expect(plan?.resources[0]?.changes).toEqual([
      { what: 'started with config', from: 'one', to: 'two', disrupts: 'restarts s.service' },
    ])
    expect((await host.up(want('two'))).result).toMatchObject({ changed: 1 })
    const second = await host.sh(invocation('s.service'))
    expect(second).not.toBe(first)
    expect(
      (await host.up([unit({ name: 's.service', active: true, restartOn: { binary: 'b', config: 'two' } })])).result,
    ).toMatchObject({ changed: 0 })
    expect(await host.sh(invocation('s.service'))).toBe(second)
  })

  test('a unit that comes and goes by design is stamped, restarted when it runs, and never judged', async () => {
    await using host = await hostWith(
      service('loop', 'ExecStart=/bin/false\nRestart=always\nRestartSec=1\nStartLimitIntervalSec=0'),
    )
    const want = (config: string) => [
      unit({ name: 'loop.service', enabled: true, active: 'ignore', restartOn: { config } }),
    ]
    expect((await host.up(want('one'))).result).toMatchObject({ verdict: 'ok', changed: 1 })
    await host.sh('systemctl start --no-block loop.service')
    for (let i = 0; i < 5; i++) expect((await host.up(want('one'))).result).toMatchObject({ verdict: 'ok', changed: 0 })
    expect((await host.up(want('two'))).result).toMatchObject({ verdict: 'ok', changed: 1 })
  })
})

describe('units that do not do as they should', () => {
  const cases: readonly (readonly [string, string, RegExp])[] = [
    [
      'that fails at once',
      'Type=notify\nExecStart=/bin/sh -c "printf \'cannot open the gate\\n\'; exit 3"',
      /failed \(exit-code\)[\s\S]*cannot open the gate/,
    ],
    ['whose program is missing', 'ExecStart=/usr/bin/nothing-here', /bad\.service (failed|came up and went down)/],
    [
      'that comes up for an instant',
      'ExecStart=/bin/sh -c "printf started; sleep 0.5; printf collapsing; exit 1"',
      /came up and went down again[\s\S]*collapsing/,
    ],
    [
      'that flaps',
      'ExecStart=/bin/sh -c "sleep 0.3; printf again; exit 1"\nRestart=always\nRestartSec=0.2',
      /came up and went down again|restarted it/,
    ],
    [
      'that is never ready',
      'Type=notify\nExecStart=/bin/sh -c "printf \'thinking\\n\'; exec sleep 1000"',
      /is not active after 4 s \(activating, start\)[\s\S]*thinking/,
    ],
    ['that ends', 'Type=oneshot\nExecStart=/bin/true', /ended at once \(success\)/],
  ]
  test.each(cases)('one %s is named, with its last lines', async (_what, body, says) => {
    await using host = await hostWith(service('bad', body))
    const { result } = await host.up([
      unit({ name: 'bad.service', active: true, timeoutMs: 4000, restartOn: { a: 'b' } }),
    ])
    expect(result.failures[0]?.lines?.join('\n')).toMatch(says)
    expect(await host.sh('ls -A /var/lib/provision/stamps 2>/dev/null || :')).toBe('')
  })

  test('one whose conditions are not met', async () => {
    await using host = await hostWith(service('bad', 'ExecStart=/bin/sleep 9', 'ConditionPathExists=/nowhere'))
    const { result } = await host.up([unit({ name: 'bad.service', active: true })])
    expect(result.failures[0]?.lines?.join('\n')).toMatch(
      /a condition of its unit file is not met[\s\S]*ConditionPathExists=/,
    )
  })

  test('one that stops late is waited for, but not for ever', async () => {
    await using host = await hostWith(
      service('late', `ExecStart=/bin/sh -c "trap '' TERM; while :; do sleep 1; done"\nTimeoutStopSec=3`),
    )
    await host.sh('systemctl start late')
    const hasty = await host.up([unit({ name: 'late.service', active: false, timeoutMs: 1000 })])
    expect(hasty.result.failures[0]?.lines?.join('\n')).toMatch(/has not stopped within 1 s/)
    expect((await host.up([unit({ name: 'late.service', active: false })])).result).toMatchObject({ verdict: 'ok' })
    expect((await host.up([unit({ name: 'late.service', active: false })])).result).toMatchObject({ changed: 0 })
  })

  test('one without [Install] cannot be enabled, and one that is not there is said not to be', async () => {
    await using host = await hostWith(service('s', 'ExecStart=/bin/sleep 9'))
    await host.sh("sed -i '/Install/,$d' /etc/systemd/system/s.service; systemctl daemon-reload")
    expect((await host.up([unit({ name: 's.service', enabled: true })])).result.failures[0]?.trouble.what).toMatch(
      /no \[Install\] section/,
    )
    const { result } = await host.up([unit({ name: 'nowhere.service', enabled: true, active: true })])
    expect(result.failures[0]?.lines?.join('\n')).toMatch(/nowhere\.service/)
    expect((await host.up([unit({ name: 'nowhere2.service', enabled: false, active: false })])).result).toMatchObject({
      changed: 0,
    })
  })
})

describe('several units at once', () => {
  test('changed unit files of both are read again in one run, after their files', async () => {
    await using host = await hostWith(
      service('a', 'ExecStart=/bin/sleep 9999'),
      service('b', 'ExecStart=/bin/sleep 9999'),
    )
    const want = (seconds: number) =>
      ['a', 'b'].flatMap((name) => {
        const text = `[Service]\nExecStart=/bin/sleep ${seconds}\n[Install]\nWantedBy=multi-user.target\n`
        const unitFile = file({ path: `/etc/systemd/system/${name}.service`, content: text })
        const restartOn = { 'unit file': sha256(text) }
        return [
          unitFile,
          unit({ name: `${name}.service`, enabled: true, active: true, restartOn }, { after: [unitFile.key] }),
        ]
      })
    for (const seconds of [1111, 2222]) {
      expect((await host.up(want(seconds))).result).toMatchObject({ verdict: 'ok', failures: [] })
      expect((await host.up(want(seconds))).result).toMatchObject({ changed: 0, unchanged: 4 })
      expect(await host.sh(`pgrep -fc 'sleep ${seconds}'`)).toBe('2\n')
    }
  })

  test('masked units are stopped, and cannot be started by anybody', async () => {
    await using host = await SystemdHost.start()
    await host.sh(
      `${service('m', 'ExecStart=/bin/sleep 9999')}mv /etc/systemd/system/m.service /usr/lib/systemd/system/; systemctl daemon-reload; systemctl enable --now m 2>/dev/null`,
    )
    const want = () => [unit({ name: 'm.service', masked: true })]
    expect((await host.up(want())).result).toMatchObject({ verdict: 'ok', changed: 1 })
    expect((await host.up(want())).result).toMatchObject({ changed: 0 })
    expect(await host.sh('systemctl start m 2>&1 || systemctl is-active m || :')).toMatch(/masked[\s\S]*inactive/)
  })
})
