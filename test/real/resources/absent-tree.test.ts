import { spawnSync } from 'node:child_process'
import { describe, expect, test } from 'vitest'
import { absentTree } from '../../../src/resources/absent-tree.ts'
import { CHAINS_AWAY } from '../../../src/resources/kube-network-gone.ts'
import { resourceLaws } from '../../support/resource-laws.ts'
import { SHELLS, TestHost } from '../../support/test-host.ts'

resourceLaws('absent tree', {
  want: () => [
    absentTree({ path: '/srv/data' }),
    absentTree({ path: '/srv/linked' }),
    absentTree({ path: '/srv/a file' }),
  ],
  arrange: `mkdir -p /srv/data/.hidden/deep /srv/real && : >/srv/data/-rf && : >"/srv/data/.hidden/a b" && ln -s /etc /srv/data/etc
: >/srv/real/x && : >/srv/real/.y && ln -s /srv/real /srv/linked && : >'/srv/a file'`,
  drifts: [
    { name: 'it is back', script: 'mkdir /srv/data', says: /an empty folder/ },
    { name: 'something is in it again', script: ': >/srv/real/..z', says: /what is mounted or linked there stays/ },
  ],
})

describe('a folder that is to go', () => {
  test('takes nothing with it that a link in it leads to', async () => {
    await using host = await TestHost.start()
    await host.sh('mkdir /srv/data && ln -s /etc /srv/data/etc')
    await host.up([absentTree({ path: '/srv/data' })])
    expect(await host.sh('ls -d /srv/data 2>/dev/null; ls /etc/passwd')).toBe('/etc/passwd\n')
  })
  test('stays while something is mounted below it: that is somebody’s data', async () => {
    await using host = await TestHost.start()
    await host.sh(
      "mkdir -p '/srv/data/vol 1' && mount -t tmpfs mine '/srv/data/vol 1' && : >'/srv/data/vol 1/precious'",
    )
    const { result } = await host.up([absentTree({ path: '/srv/data' })])
    expect(result).toMatchObject({ verdict: 'failed' })
    expect(JSON.stringify(result.failures)).toContain('something is mounted below it')
    expect(await host.sh("ls '/srv/data/vol 1'")).toBe('precious\n')
  })
  test('is emptied where it is a mount point itself', async () => {
    await using host = await TestHost.start()
    await host.sh('mkdir /srv/data && mount -t tmpfs mine /srv/data && mkdir /srv/data/member && : >/srv/data/.lock')
    expect((await host.up([absentTree({ path: '/srv/data' })])).result).toMatchObject({ verdict: 'ok', changed: 1 })
    expect(await host.sh('ls -A /srv/data; grep -c " /srv/data " /proc/self/mountinfo')).toBe('1\n')
    expect((await host.up([absentTree({ path: '/srv/data' })])).result).toMatchObject({ changed: 0 })
  })
})

/** What `iptables-save` prints on a node, with rules of the operator's own in it. */
const SAVED = `*filter
:INPUT DROP [1:2]
:FORWARD ACCEPT [0:0]
:MY-KUBE-LIKE - [0:0]
:KUBE-FIREWALL - [0:0]
:FLANNEL-FWD - [0:0]
-A INPUT -p tcp -m tcp --dport 22 -m comment --comment "ssh, -j KUBE is not it" -j ACCEPT
-A INPUT -m comment --comment "mine" -j MY-KUBE-LIKE
-A INPUT -j KUBE-FIREWALL
-A FORWARD -m comment --comment "flanneld forward" -j FLANNEL-FWD
-A FLANNEL-FWD -s 10.244.0.0/16 -j ACCEPT
-A KUBE-FIREWALL -j DROP
COMMIT
*nat
:OUTPUT ACCEPT [0:0]
-A OUTPUT -p tcp -j MY-REDIRECT
COMMIT
`

describe('chains of Kubernetes', () => {
  test.each(SHELLS)('go, and nothing else does (%s)', (shell) => {
    const [program = 'sh', ...words] = shell === 'busybox' ? ['busybox', 'sh'] : [shell]
    const { stdout, status } = spawnSync(program, [...words, '-c', `${CHAINS_AWAY}\nchains_away`], {
      input: SAVED,
      encoding: 'utf8',
    })
    expect(status).toBe(0)
    expect(stdout).toBe(`*filter
:KUBE-FIREWALL - [0:0]
:FLANNEL-FWD - [0:0]
-D INPUT -j KUBE-FIREWALL
-D FORWARD -m comment --comment "flanneld forward" -j FLANNEL-FWD
-X KUBE-FIREWALL
-X FLANNEL-FWD
COMMIT
`)
  })
})
