import { describe, expect, test } from 'vitest'
import { packages } from '../../../src/resources/packages.ts'
import { resourceLaws } from '../../support/resource-laws.ts'
import { type Shell, TestHost } from '../../support/test-host.ts'

/** A shell function that builds `NAME VERSION DEPENDS` as a package, with `postinst` from stdin, into the repository at /repo. */
const BUILD = `build() {
  d=/tmp/build/$1; rm -rf $d; mkdir -p $d/DEBIAN $d/usr/share/$1 /repo
  printf 'Package: %s\\nVersion: %s\\nArchitecture: all\\nMaintainer: t <t@example.org>\\nDescription: t\\n%s' "$1" "$2" "\${3:+Depends: $3
}" >$d/DEBIAN/control
  printf %s "$2" >$d/usr/share/$1/version
  cat >$d/DEBIAN/postinst; chmod 755 $d/DEBIAN/postinst $d/DEBIAN $d
  [ -s $d/DEBIAN/postinst ] || rm $d/DEBIAN/postinst
  dpkg-deb --root-owner-group -Zgzip -b $d /repo/$1_$2.deb >/dev/null
}
index() {
  for deb in /repo/*.deb; do
    dpkg-deb -f $deb
    printf 'Filename: ./%s\\nSize: %s\\nSHA256: %s\\n\\n' \${deb##*/} $(stat -c %s $deb) $(sha256sum <$deb | cut -d' ' -f1)
  done >/repo/Packages
}
umask 022
export SOURCE_DATE_EPOCH=0
`

/** A world with one source, and lists that do not know it yet. */
const WORLD = `${BUILD}
build alpha 1.0 </dev/null; build alpha 2.0-1 </dev/null; build beta 1.0 alpha </dev/null; build gamma 1.0 </dev/null
index
rm -f /etc/apt/sources.list /etc/apt/sources.list.d/*
printf 'deb [trusted=yes] file:/repo ./\\n' >/etc/apt/sources.list.d/repo.list
printf 'APT::Sandbox::User "root";\\n' >/etc/apt/apt.conf.d/00test
`

/** Logs and caches hold dates. */
class AptHost extends TestHost {
  static override async start(shell?: Shell): Promise<AptHost> {
    const { child, pid } = await TestHost.boot()
    return new AptHost(child, pid, shell ?? 'dash')
  }

  override state(): Promise<string> {
    return this.sh(`dpkg -l; apt-mark showhold; dpkg --audit
find / /run /tmp -xdev ! -path '/run/provision*' ! -path '/var/lib/provision*' ! -path '/var/cache/*' ! -name '*.log*' ! -path '/var/lib/dpkg/*-old' -printf '%p %y %m %U %G %l\\n' | LC_ALL=C sort`)
  }
}

async function world(more = ''): Promise<TestHost> {
  const host = await TestHost.start()
  await host.sh(WORLD + more)
  return host
}

const installed = (host: TestHost) =>
  host.sh("dpkg-query -W -f '${Package} ${Version} ${db:Status-Want}\\n' alpha beta gamma 2>/dev/null || :")

resourceLaws('packages (apt)', {
  start: (shell) => AptHost.start(shell),
  arrange: WORLD,
  want: () => [
    packages({ names: ['gamma', { name: 'alpha', version: '2.0-*' }], held: true }),
    packages({ names: ['beta'], lockTimeoutMs: 5000 }),
  ],
  shells: ['dash', 'bash'],
  drifts: [
    { name: 'removed', script: 'dpkg -r gamma', says: /gamma.*1\.0|gamma.*absent/ },
    { name: 'no longer held', script: 'apt-mark unhold alpha', says: /alpha held.*no.*yes/ },
    {
      name: 'another version',
      script: 'dpkg -i --force-downgrade --force-hold /repo/alpha_1.0.deb',
      says: /alpha.*1\.0.*2\.0-\*/,
    },
  ],
})

describe('apt', () => {
  test('reads the lists anew only when that can help', async () => {
    await using host =
      await world(`printf '#!/bin/sh\\nfor w; do [ "$w" != update ] || printf u >>/tmp/updates; done; exec /usr/bin/apt-get.real "$@"' >/tmp/a; chmod 755 /tmp/a
mv /usr/bin/apt-get /usr/bin/apt-get.real; mv /tmp/a /usr/bin/apt-get`)
    const updates = () => host.sh('cat /tmp/updates 2>/dev/null || :')
    await host.up([packages({ names: ['gamma'] })])
    expect(await updates()).toBe('u')
    await host.up([packages({ names: ['alpha'] })])
    expect(await updates()).toBe('u')
    await host.sh(`${BUILD}build delta 1.0 </dev/null; index`)
    await host.up([packages({ names: ['delta'] })])
    expect(await updates()).toBe('uu')
    await host.sh('sleep 1; touch /etc/apt/sources.list.d/repo.list')
    await host.up([packages({ names: ['beta'] })])
    expect(await updates()).toBe('uuu')
  })

  test('a list that is too old to download by is read again', async () => {
    await using host = await world()
    await host.up([packages({ names: ['gamma'] })])
    await host.sh(`${BUILD}rm /repo/alpha_2.0-1.deb; build alpha 2.1 </dev/null; index`)
    expect((await host.up([packages({ names: ['alpha'] })])).result).toMatchObject({ verdict: 'ok', failures: [] })
    expect(await installed(host)).toContain('alpha 2.1 ')
  })

  test('one transaction for all, an older version when it is pinned, and no package that is not wanted goes', async () => {
    await using host = await world()
    await host.up([packages({ names: ['alpha', 'beta', 'gamma'] })])
    expect(await host.sh("grep -c '^Start-Date' /var/log/apt/history.log")).toBe('1\n')
    expect((await host.up([packages({ names: [{ name: 'alpha', version: '1.0' }] })])).result).toMatchObject({
      verdict: 'ok',
    })
    const { result } = await host.up([packages({ names: ['alpha'], state: 'absent' })])
    expect(result.failures[0]?.lines?.join('\n')).toMatch(/would remove these too: beta/)
    expect((await host.up([packages({ names: ['alpha', 'beta'], state: 'absent' })])).result).toMatchObject({
      verdict: 'ok',
    })
    expect((await host.up([packages({ names: ['alpha', 'beta'], state: 'absent' })])).result).toMatchObject({
      changed: 0,
    })
    expect(await installed(host)).toBe('gamma 1.0 install\n')
  })

  test('a package nobody has is named', async () => {
    await using host = await world()
    const { result } = await host.up([packages({ names: ['nowhere-to-be-had'] })])
    expect(result.failures[0]?.lines?.join('\n')).toContain('nowhere-to-be-had')
  })

  test('configuration files somebody changed stay as they are', async () => {
    await using host = await world(`mkdir -p /tmp/build/conf/DEBIAN /tmp/build/conf/etc
for v in 1 2; do printf 'Package: conf\\nVersion: %s\\nArchitecture: all\\nMaintainer: t\\nDescription: t\\n' $v >/tmp/build/conf/DEBIAN/control
printf '/etc/conf\\n' >/tmp/build/conf/DEBIAN/conffiles; printf $v >/tmp/build/conf/etc/conf; chmod -R go=rX /tmp/build; dpkg-deb --root-owner-group -Zgzip -b /tmp/build/conf /repo/conf_$v.deb >/dev/null; done; index`)
    await host.up([packages({ names: [{ name: 'conf', version: '1' }] })])
    await host.sh('printf mine >/etc/conf')
    expect((await host.up([packages({ names: [{ name: 'conf', version: '2' }] })])).result).toMatchObject({
      verdict: 'ok',
    })
    expect(await host.sh('cat /etc/conf')).toBe('mine')
  })

  test.each(['/var/lib/dpkg/lock-frontend', '/var/lib/dpkg/lock', '/var/lib/apt/lists/lock'])(
    'waits for whoever holds %s, by process and name, and gives up in the end',
    async (lock) => {
      await using host = await world()
      await host.sh(`mkdir -p /var/lib/apt/lists/partial; touch ${lock}
cat >/tmp/unattended.pl <<'END'
use Fcntl; open(my $f, '+<', $ARGV[0]) or die; my $l = pack('s s l! l! i', F_WRLCK, 0, 0, 0, 0); fcntl($f, F_SETLK, $l) or die; open(my $r, '>', '/tmp/held'); close $r; sleep $ARGV[1];
END
perl /tmp/unattended.pl ${lock} 1000 >/dev/null 2>&1 </dev/null & printf %s $! >/tmp/pid; until [ -e /tmp/held ]; do sleep 0.05; done`)
      const pid = await host.sh('cat /tmp/pid')
      const refused = await host.up([packages({ names: ['gamma'], lockTimeoutMs: 1000 })])
      const lines = refused.result.failures[0]?.lines?.join('\n') ?? ''
      expect(lines).toContain(`waiting for process ${pid} (perl /tmp/unattended.pl`)
      expect(lines).toMatch(new RegExp(`still locked after 1 s: process ${pid} \\(.*\\) holds ${lock}`))
      const later = host.up([packages({ names: ['gamma'] })])
      await host.sh(`sleep 1; kill ${pid}`)
      expect((await later).result).toMatchObject({ verdict: 'ok' })
    },
  )

  test('dpkg that was killed half way is put right first, and the plan says so', async () => {
    await using host = await world(`build broken 1.0 <<'END'
#!/bin/sh
[ -e /tmp/well ] || kill -9 $PPID
END
index; apt-get -q update >/dev/null 2>&1; apt-get -y install broken >/dev/null 2>&1; touch /tmp/well`)
    const { plan } = await host.plan([packages({ names: ['gamma'] })])
    expect(plan?.resources[0]?.changes).toEqual([
      { what: 'package database', from: expect.stringMatching(/broken is (half-configured|unpacked)/), to: 'in order' },
      { what: 'gamma', from: 'absent', to: 'installed' },
    ])
    expect((await host.up([packages({ names: ['gamma'] }), packages({ names: ['alpha'] })])).result).toMatchObject({
      verdict: 'ok',
      changed: 2,
    })
    expect(await host.sh("dpkg-query -W -f '${db:Status-Status}' broken")).toBe('installed')
  })

  test('a full disk is said to be full', async () => {
    await using host = await world(
      'mount -t tmpfs -o size=64k none /var/cache/apt/archives; mkdir /var/cache/apt/archives/partial; mount -t tmpfs -o size=4k none /usr/share/gamma 2>/dev/null || { mkdir -p /usr/share/gamma && mount -t tmpfs -o size=4k none /usr/share/gamma; head -c 9999 /dev/zero >/usr/share/gamma/x || :; }',
    )
    const { result } = await host.up([packages({ names: ['gamma'] })])
    expect(result.failures[0]?.trouble.why ?? result.failures[0]?.lines?.join('\n')).toMatch(/full|No space left/)
  })
})
