import { afterAll, beforeAll, describe, expect, test } from 'vitest'
import type { ProxyMode } from '../../../src/catalog/proxy-rules.ts'
import { type Ended, eventsOf, planOf, describe as told } from '../../support/command-line.ts'
import { MainLab } from '../../support/main-lab.ts'

/** From nothing to a proven cluster on a busy computer. */
const UP_MS = 2_400_000
const SWITCH_MS = 1_200_000

/** What a machine's owner has there: none of it is kube-proxy's, whatever it is called. */
const FOREIGN = `iptables -N USER-CHAIN && iptables -A USER-CHAIN -s 192.0.2.1 -j DROP && iptables -I INPUT -j USER-CHAIN
iptables -t nat -N KUBE-MINE; ipset create KUBE-MY-SET hash:ip; nft add table ip mine
ip link add user0 type dummy && ip address add 192.0.2.200/32 dev user0`
const FOREIGN_LEFT = `iptables -S INPUT | grep -c -x -e '-A INPUT -j USER-CHAIN'; iptables -S USER-CHAIN | grep -c DROP
iptables -t nat -S KUBE-MINE | grep -c KUBE-MINE; ipset list -n KUBE-MY-SET; nft list table ip mine | head -n 1; ls -d /sys/class/net/user0`
const FOREIGN_WHOLE = '1\n1\n1\nKUBE-MY-SET\ntable ip mine {\n/sys/class/net/user0\n'

/** Names of everything in the kernel that one of the modes makes and another does not. */
const TRACES = `{ iptables-save; ip6tables-save; } | sed -n -e 's/^:\\(KUBE-[A-Z-]*\\).*/\\1/p' -e 's/.*"\\(kube-proxy firewall rules\\)".*/\\1/p' -e 's/.*"\\(kubernetes load balancer firewall\\)".*/\\1/p' | sort -u
ipset list -n | grep -v MY-SET | sed 's/.*/set/' | sort -u
nft list tables | grep kube-proxy | sort -u
ls /sys/class/net | grep kube-ipvs0
grep -c -e '^TCP' -e '^UDP' /proc/net/ip_vs 2>/dev/null | sed 's/^[1-9].*/virtual servers/; /^0/d'
:`
/** What the kubelet makes, and makes again. */
const KUBELETS = ['KUBE-FIREWALL', 'KUBE-IPTABLES-HINT', 'KUBE-KUBELET-CANARY', 'KUBE-MINE']
const SHARED = ['KUBE-FORWARD', 'KUBE-MARK-MASQ', 'KUBE-POSTROUTING', 'KUBE-PROXY-FIREWALL', 'KUBE-SERVICES']
const OWN: Readonly<Record<ProxyMode, readonly string[]>> = {
  ipvs: [
    ...SHARED,
    ...['KUBE-IPVS-FILTER', 'KUBE-IPVS-OUT-FILTER', 'KUBE-LOAD-BALANCER', 'KUBE-NODE-PORT'],
    ...['KUBE-SOURCE-RANGES-FIREWALL', 'kube-ipvs0', 'kube-proxy firewall rules', 'set', 'virtual servers'],
  ],
  nftables: ['table ip kube-proxy', 'table ip6 kube-proxy'],
  iptables: [
    ...SHARED,
    ...['KUBE-EXTERNAL-SERVICES', 'KUBE-NODEPORTS', 'KUBE-PROXY-CANARY', 'KUBE-SEP-', 'KUBE-SVC-'],
    'kubernetes load balancer firewall',
  ],
}

let lab: MainLab
beforeAll(async () => {
  lab = await MainLab.open('main-proxy', [['lab.memory', '3G']])
})
afterAll(async () => {
  await lab?.[Symbol.asyncDispose]()
})

function up(...options: readonly string[]): Promise<Ended> {
  return lab.cli.json(['up', lab.inventory, '--no-prove', ...options])
}

async function choose(mode: ProxyMode): Promise<void> {
  await lab.change(['kubernetes', 'kubeProxy'], mode === 'ipvs' ? { mode, scheduler: 'wrr' } : { mode })
}

async function traces(): Promise<readonly string[]> {
  const names = (await lab.sh(TRACES)).trim().split('\n')
  return names.map((name) => name.replace(/^(KUBE-SE?[PV][CP]?-).*/, '$1')).filter((name) => !KUBELETS.includes(name))
}

function resources(ended: Ended) {
  return eventsOf(ended, 'resource').map(({ resource, result }) => ({ ...resource, result }))
}

/** Proven, counted, nothing of other modes, everything of others; and all of that is a second look's verdict too. */
async function expectSettled(mode: ProxyMode, ended: Ended): Promise<void> {
  expect(ended.code, told(ended)).toBe(0)
  expect(new Set(await traces())).toEqual(new Set(OWN[mode]))
  expect(await lab.sh(FOREIGN_LEFT)).toBe(FOREIGN_WHOLE)
  const again = await up('--yes')
  expect(again.code, told(again)).toBe(0)
  expect(eventsOf(again, 'host')[0]?.result).toMatchObject({ changed: 0, failed: 0 })
  const all = resources(again)
  expect(all.find(({ key }) => key === 'condition:kube-proxy')?.note).toBe(mode)
  expect(all.find(({ key }) => key === 'kube-proxy:leftovers')?.note).toBe('nothing of other modes')
  const { figures = [], note } = all.find(({ key }) => key === `condition:${mode}`) ?? {}
  const count = Object.fromEntries(figures.map((figure) => [figure.name, figure.count]))
  expect(note).toContain('10.96.0.1:443')
  expect(count['iptables rules']).toBeGreaterThan(0)
  expect(count['nftables rules'] ?? 0).toSatisfy((rules: number) => rules > 20 === (mode === 'nftables'))
  expect(count['nftables elements'] ?? 0).toSatisfy((some: number) => some > 3 === (mode === 'nftables'))
  expect(count['IPVS real servers'] ?? 0).toSatisfy((some: number) => some > 0 === (mode === 'ipvs'))
}

// In order: each begins with the machine the one before left.
describe('kube-proxy on a living cluster', () => {
  test('it begins with ipvs, which is told to end some day', { timeout: UP_MS }, async () => {
    const ended = await up('--yes')
    await lab.sh(FOREIGN)
    const notices = eventsOf(ended, 'notice').filter(({ text }) =>
      text.includes('ipvs is deprecated since Kubernetes 1.35'),
    )
    expect(notices).toHaveLength(1)
    await expectSettled('ipvs', ended)
  })

  test('to nftables is a plan with a diff, and a dry run of it does nothing', { timeout: SWITCH_MS }, async () => {
    await choose('nftables')
    const before = await lab.sh(TRACES)
    const plan = planOf(await up('--dry-run'))
    const config = plan.resources.find(({ key }) => key === 'kube-proxy:config')
    expect(config?.changes).toContainEqual(expect.objectContaining({ what: 'mode', from: 'ipvs', to: 'nftables' }))
    const text = config?.changes.find(({ what }) => what === 'config.conf')?.text
    expect(text?.after).toBe(text?.before.replace('mode: ipvs', 'mode: nftables'))
    const left = plan.resources.find(({ key }) => key === 'kube-proxy:leftovers')
    expect(left?.changes.map(({ what }) => what)).toEqual(['IPVS', 'iptables', 'sets'])
    expect(await lab.sh(TRACES)).toBe(before)
    await expectSettled('nftables', await up('--yes'))
  })

  test.each(['iptables', 'ipvs'] as const)('on to %s', { timeout: SWITCH_MS }, async (mode) => {
    await choose(mode)
    await expectSettled(mode, await up('--yes'))
  })

  test('killed in the middle of it, the next run ends where it should', { timeout: SWITCH_MS }, async () => {
    await choose('iptables')
    const { child, ended } = lab.cli.start(['up', lab.inventory, '--yes', '--no-prove', '--json'], {
      onEvent: (event) => {
        if (event.type === 'step' && event.key === 'kube-proxy:config') child.kill('SIGKILL')
      },
    })
    expect((await ended).code).toBe(-1)
    await expectSettled('iptables', await up('--yes'))
  })

  test('what a change that was cut off left undone shows in the next plan', { timeout: SWITCH_MS }, async () => {
    const kubectl = '/usr/local/bin/kubectl --kubeconfig /etc/kubernetes/admin.conf -n kube-system'
    await lab.sh(`${kubectl} annotate --overwrite configmap kube-proxy provision/kube-proxy-config=begun
ip link add kube-ipvs0 type dummy && ipset create KUBE-CLUSTER-IP hash:ip,port && iptables -N KUBE-NODE-PORT
iptables -A INPUT -m comment --comment "kubernetes health check rules" -j KUBE-NODE-PORT
iptables -A INPUT -m comment --comment "kube-proxy firewall rules" -j KUBE-PROXY-FIREWALL`)
    const ended = await up('--yes')
    const changed = resources(ended).filter(({ result }) => result === 'changed')
    expect(changed.map(({ key }) => key)).toEqual(expect.arrayContaining(['kube-proxy:config', 'kube-proxy:leftovers']))
    await expectSettled('iptables', ended)
  })
})
