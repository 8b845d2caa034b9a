import { describe, expect, it, test } from 'vitest'
import { PROXY_CHAINS, PROXY_SETS, type ProxyMode } from '../../src/catalog/proxy-rules.ts'
import { answersOf } from '../../src/core/fact.ts'
import type { ProxyRules } from '../../src/facts/proxy-rules.ts'
import { kubeProxyConfig } from '../../src/resources/kube-proxy-config.ts'
import { proxyCleanup } from '../../src/resources/proxy-cleanup.ts'
import { leftoversOf } from '../../src/resources/proxy-leftovers.ts'

/** What each mode alone has made of a cluster. */
function livingIn(mode: ProxyMode): ProxyRules {
  const chains = PROXY_CHAINS.filter(({ modes }) => modes.includes(mode))
  return {
    card: mode === 'ipvs',
    sets: mode === 'ipvs' ? PROXY_SETS : [],
    chains: chains.map(({ table, name }) => ({ table, name, count: 1 })),
    jumps: mode === 'nftables' ? [] : [mode],
    iptables: 10,
    ...(mode === 'nftables' ? { nft: { rules: 40, elements: 9 } } : {}),
    carried: true,
  }
}

describe('what other modes have left', () => {
  const kinds: Readonly<Record<ProxyMode, Readonly<Record<ProxyMode, readonly string[]>>>> = {
    ipvs: { ipvs: [], nftables: ['IPVS', 'iptables', 'sets'], iptables: ['IPVS', 'iptables', 'sets'] },
    nftables: { ipvs: ['nftables'], nftables: [], iptables: ['nftables'] },
    iptables: { ipvs: ['iptables'], nftables: ['iptables'], iptables: [] },
  }
  const pairs = (['ipvs', 'nftables', 'iptables'] as const).flatMap((was) =>
    (['ipvs', 'nftables', 'iptables'] as const).map((is) => [was, is] as const),
  )
  it.each(pairs)('from %s to %s', (was, is) => {
    expect(leftoversOf(is, livingIn(was)).map(({ what }) => what)).toEqual(kinds[was][is])
  })

  it("does not count what is the kubelet's or somebody else's", () => {
    const foreign = {
      ...livingIn('nftables'),
      sets: ['KUBE-MINE'],
      chains: ['KUBE-FIREWALL', 'KUBE-IPTABLES-HINT', 'KUBE-KUBELET-CANARY', 'KUBE-SVC-mine', 'KUBE-MINE'].flatMap(
        (name) => ['nat', 'filter', 'mangle'].map((table) => ({ table, name, count: 1 })),
      ),
    }
    expect(leftoversOf('nftables', foreign)).toEqual([])
  })

  test.each(['ipvs', 'nftables', 'iptables'] as const)('no script for %s names what is its own', (mode) => {
    const script = proxyCleanup({ mode, address: '10.96.0.1', metricsPort: 10249 })
    expect(script.includes('kube-ipvs0')).toBe(mode !== 'ipvs')
    expect(script.includes('ipset destroy')).toBe(mode !== 'ipvs')
    expect(script.includes('delete table')).toBe(mode !== 'nftables')
    expect(script.includes('KUBE-POSTROUTING')).toBe(mode === 'nftables')
    expect(script.includes('KUBE-SVC-[A-Z0-9]{16}')).toBe(mode !== 'iptables')
    expect(script).not.toContain('KUBE-FIREWALL')
  })
})

describe("kube-proxy's configuration in the cluster", () => {
  const CONFIG = `mode: ipvs # by hand
oomScoreAdj: -999
ipvs:
  scheduler: rr
  excludeCIDRs: [192.0.2.0/24]
`
  const cluster = (config: string, marks: { readonly map?: string; readonly pods?: string } = {}) => {
    const annotated = (mark?: string) =>
      mark === undefined ? {} : { annotations: { 'provision/kube-proxy-config': mark } }
    const metadata = { name: 'kube-proxy', namespace: 'kube-system', resourceVersion: '77', ...annotated(marks.map) }
    const map = { apiVersion: 'v1', kind: 'ConfigMap', metadata, data: { 'config.conf': config } }
    const pods = {
      ...{ apiVersion: 'apps/v1', kind: 'DaemonSet', metadata: { ...metadata, annotations: {} } },
      spec: { template: { metadata: annotated(marks.pods) } },
    }
    const text = [map, pods].map(
      (object) => `${object.kind}/kube-system/kube-proxy\tobject\t${JSON.stringify(object)}\n`,
    )
    return answersOf(new Map([['kube-object', { code: 0, text: text.join(''), stderr: '', truncated: false }]]))
  }
  const decide = (wanted: Readonly<Record<string, unknown>>, answers: ReturnType<typeof cluster>) =>
    kubeProxyConfig({ wanted }).decide(answers)

  it('changes our fields and no others, and says so as lines', () => {
    const decision = decide({ mode: 'ipvs', ipvs: { scheduler: 'wrr', strictARP: true } }, cluster(CONFIG))
    if (decision.verdict !== 'differs') throw new Error(decision.verdict)
    expect(decision.changes.map(({ what, from, to }) => [what, from, to])).toEqual([
      ['ipvs.scheduler', 'rr', 'wrr'],
      ['ipvs.strictARP', 'unset', 'true'],
      ['config.conf', '', ''],
    ])
    expect(decision.changes[2]?.text?.after).toBe(`mode: ipvs # by hand
oomScoreAdj: -999
ipvs:
  scheduler: wrr
  excludeCIDRs: [ 192.0.2.0/24 ]
  strictARP: true
`)
    expect(decision.steps[0]?.body).toContain('"resourceVersion":"77"')
  })

  it('is as wanted where nobody but kubeadm has written it, and where its pods began with it', () => {
    expect(decide({ mode: 'ipvs' }, cluster(CONFIG))).toMatchObject({ verdict: 'same', evidence: 'mode ipvs' })
    expect(decide({ mode: 'ipvs' }, cluster(CONFIG, { map: 'a', pods: 'a' }))).toMatchObject({ verdict: 'same' })
  })

  it('restarts pods that began before it was written', () => {
    for (const marks of [{ map: 'a' }, { map: 'a', pods: 'b' }]) {
      const decision = decide({ mode: 'ipvs' }, cluster(CONFIG, marks))
      expect(decision).toMatchObject({ verdict: 'differs', changes: [{ what: 'pods', to: 'restarted' }] })
    }
  })
})
