import { describe, expect, test } from 'vitest'
import { packages } from '../../../src/resources/packages.ts'
import { resourceLaws } from '../../support/resource-laws.ts'
import { type Shell, TestHost } from '../../support/test-host.ts'

/** A Debian with dnf and rpm in it, and without apt, so that it looks like the other family. */
class DnfHost extends TestHost {
  static override async start(shell: Shell = 'dash'): Promise<DnfHost> {
    const { child, pid } = await TestHost.boot({ packages: ['createrepo-c', 'dnf', 'dnf-plugins-core', 'rpm'] })
    const host = new DnfHost(child, pid, shell)
    await host.sh(WORLD)
    return host
  }

  /** rpm opens its database for writing even to read it, which gives its shared memory file a new time. */
  override async trace(): Promise<string> {
    return (await super.trace()).replaceAll(/^\/var\/lib\/rpm\/rpmdb\.sqlite-.*\n/gm, '')
  }

  /** Databases and caches hold dates. */
  override state(): Promise<string> {
    return this.sh(`rpm -qa | sort; cat ${LOCK_LIST} 2>/dev/null
find / /run /tmp -xdev ! -path '/run/*' ! -path '/var/lib/*' ! -path '/var/cache/*' ! -name '*.log*' ! -path '/tmp/build*' ! -path '/repo/*' -printf '%p %y %m %U %G %l\\n' | LC_ALL=C sort`)
  }
}

const LOCK_LIST = '/etc/dnf/plugins/versionlock.list'

const BUILD = `build() {
  mkdir -p /tmp/build /repo
  cat >/tmp/build/$1.spec <<END
Name: $1
Version: $2
Release: 1
Summary: t
License: t
BuildArch: noarch
\${3:+Requires: $3}
%description
t
%install
mkdir -p %{buildroot}/usr/share/$1
printf $2 >%{buildroot}/usr/share/$1/version
%files
/usr/share/$1
END
  rpmbuild -bb --define '_topdir /tmp/build' --define '_rpmdir /repo' /tmp/build/$1.spec >/tmp/build.log 2>&1 || { cat /tmp/build.log; return 1; }
}
umask 022
`

const WORLD = `${BUILD}
build alpha 1.0 && build alpha 2.0 && build beta 1.0 alpha && build gamma 1.0 || exit 1
createrepo_c -q /repo
rm -f /usr/bin/apt-get
# Debian switches on every plugin of the package; one of them adds a repository of its own.
cd /usr/lib/python3/dist-packages/dnf-plugins && for plugin in *.py; do [ $plugin = versionlock.py ] || rm $plugin; done
mkdir -p /etc/yum.repos.d
printf '[repo]\\nname=repo\\nbaseurl=file:///repo\\ngpgcheck=0\\n' >/etc/yum.repos.d/repo.repo
`

const installed = (host: TestHost) => host.sh("rpm -qa --qf '%{NAME} %{VERSION}\\n' | sort")

resourceLaws('packages (dnf)', {
  start: (shell) => DnfHost.start(shell),
  want: () => [
    packages({ names: ['gamma', { name: 'alpha', version: '2.0-*' }] }),
    packages({ names: { apt: ['x'], dnf: ['beta'] } }),
  ],
  shells: ['dash', 'bash'],
  drifts: [
    { name: 'removed', script: 'rpm -e gamma', says: /gamma.*absent.*installed/ },
    {
      name: 'another version',
      script: 'rpm -U --oldpackage --nodeps /repo/noarch/alpha-1.0-1.noarch.rpm',
      says: /alpha.*1\.0-1.*2\.0-\*/,
    },
  ],
})

describe('dnf', () => {
  test('an older version when it is pinned, none removed that was not named, and a new package after the lists were made', async () => {
    await using host = await DnfHost.start()
    await host.up([packages({ names: ['alpha', 'beta'] })])
    expect(await installed(host)).toBe('alpha 2.0\nbeta 1.0\n')
    const pinned = [packages({ names: [{ name: 'alpha', version: '1.0-1' }] })]
    expect((await host.up(pinned)).result).toMatchObject({ verdict: 'ok', failures: [] })
    expect((await host.up(pinned)).result).toMatchObject({ changed: 0 })
    const { result } = await host.up([packages({ names: ['alpha'], state: 'absent' })])
    expect(result.failures[0]?.lines?.join('\n')).toMatch(/alpha is needed by.*beta/)
    expect((await host.up([packages({ names: ['alpha', 'beta'], state: 'absent' })])).result).toMatchObject({
      verdict: 'ok',
    })
    await host.sh(`${BUILD}build delta 1.0; createrepo_c -q /repo`)
    expect((await host.up([packages({ names: ['delta'] })])).result).toMatchObject({ verdict: 'ok' })
    expect((await host.up([packages({ names: ['nowhere'] })])).result.failures[0]?.lines?.join('\n')).toMatch(/nowhere/)
  })

  test('holds and lets go of packages; without the plugin it says what is missing', async () => {
    await using host = await DnfHost.start()
    const held = [packages({ names: ['alpha', 'gamma'], held: true })]
    expect((await host.up(held)).result).toMatchObject({ verdict: 'ok', failures: [] })
    expect((await host.up(held)).result).toMatchObject({ changed: 0 })
    expect(await host.sh(`grep -c '^[ag]' ${LOCK_LIST}`)).toBe('2\n')
    const free = [packages({ names: ['alpha', 'gamma'], held: false })]
    expect((await host.up(free)).result).toMatchObject({ verdict: 'ok', changed: 1 })
    expect((await host.up(free)).result).toMatchObject({ changed: 0 })
    await host.sh('rm -f /usr/lib/python3/dist-packages/dnf-plugins/versionlock.py')
    expect((await host.up(held)).result.failures[0]?.lines?.join('\n')).toContain('versionlock plugin')
  })
})
