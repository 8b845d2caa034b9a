import { describe, expect, it } from 'vitest'
import type { Event } from '../../../src/core/events.ts'
import type { PlannedResource } from '../../../src/core/plan.ts'
import { MarkupTree } from '../../support/markup-tree.ts'
import { matrixOf, reportOf } from '../../support/report-of.ts'
import { planned, resultOf } from '../../support/run-events.ts'

/** A run of these hosts, each with these resources as its plan. */
function runOf(hosts: Readonly<Record<string, readonly PlannedResource[]>>): readonly Event[] {
  const names = Object.keys(hosts)
  const results = names.map((host) => resultOf(host))
  return [
    { t: 0, type: 'run', run: 'r', command: 'provision up', hosts: names, version: '1' },
    ...names.map(
      (host): Event => ({ t: 1, type: 'plan', host, plan: { host, hostKey: '', resources: hosts[host] ?? [] } }),
    ),
    ...results.map((result): Event => ({ t: 2, type: 'host', host: result.host, result })),
    { t: 3, type: 'end', ms: 3, exit: 0, hosts: results, criticalPath: [] },
  ]
}

/** Words of one part of the page, tags as spaces. */
function part(page: string, id: string): string {
  new MarkupTree(page)
  const [, source = ''] = new RegExp(`<section id="${id}">(.*?)</section>`, 's').exec(page) ?? []
  return source.replaceAll(/<[^>]*>/g, ' ').replaceAll(/\s+/g, ' ')
}

const finding = (evidence: string, met = true) => ({
  id: 'memory',
  met,
  evidence,
  threshold: 'at least 2 GiB',
  severity: 'required' as const,
  fix: 'add some',
})
const judged = (evidence: string, met = true) =>
  planned('requirement:memory', { title: 'memory', verdict: met ? 'met' : 'unmet', finding: finding(evidence, met) })
const program = (version: string) =>
  planned('file:/usr/local/bin/kubelet', { title: 'kubelet', note: `kubelet ${version} (sha256 a9ed29597b17)` })

describe('requirements of a report', () => {
  it('join hosts with the same answer, worst first', () => {
    const page = reportOf(runOf({ a: [judged('4 GiB')], b: [judged('1 GiB', false)], c: [judged('4 GiB')] }))
    const text = part(page, 'requirements')
    expect(text).toMatch(/✗ unmet memory memory, required 1 GiB at least 2 GiB b add some .*✓ met .* 4 GiB .* a, c/)
    expect(part(page, 'hosts')).toContain('a')
  })
  it('show some of many answers that are all well, and every one that is not', () => {
    const hosts = [...Array(50).keys()].map((i) => [`h${i}`, [judged(`${i} GiB`, i >= 10)]] as const)
    const text = part(reportOf(runOf(Object.fromEntries(hosts))), 'requirements')
    expect(text.match(/✗ unmet/g)).toHaveLength(10)
    expect(text.match(/✓ met/g)).toHaveLength(4)
    expect(text).toContain('36 more hosts, met as well')
  })
})

describe('versions of a report', () => {
  it('tell version, digest and place, and which hosts differ', () => {
    const alike = part(reportOf(runOf({ a: [program('v1.36.3')], b: [program('v1.36.3')] })), 'installed')
    expect(alike).toContain('kubelet v1.36.3 a9ed29597b17 /usr/local/bin/kubelet all 2')
    expect(alike).not.toContain('not the same')
    const mixed = part(reportOf(runOf({ a: [program('v1.36.3')], b: [program('v1.35.0')] })), 'installed')
    expect(mixed.match(/not the same everywhere/g)).toHaveLength(2)
  })
  it('know images by name, tag and digest, with a port in the name of the registry', () => {
    const image = planned('image:mirror:5000/k8s/pause:3.10', { title: 'image pause', note: 'sha256:7a7e9215b347' })
    const text = part(reportOf(runOf({ a: [image] })), 'installed')
    expect(text).toContain('image pause 3.10 7a7e9215b347 mirror:5000/k8s/pause:3.10')
  })
  it('leave out what is not there yet', () => {
    const later = planned('image:registry.k8s.io/pause:3.10', { verdict: 'later', note: 'sha256:7a7e9215b347' })
    expect(part(reportOf(runOf({ a: [later] })), 'installed')).toBe('')
  })
})

describe('proof of a report', () => {
  it('is what was seen, and says what does not hold', () => {
    const holds = planned('condition:cluster-dns', { title: 'DNS answers', note: '10.96.0.1' })
    const change = { what: '', from: 'silent', to: 'answers' }
    const not = planned('condition:other', { title: 'other', verdict: 'change', changes: [change] })
    const page = reportOf(runOf({ a: [holds, not] }))
    expect(part(page, 'proof')).toMatch(/not yet other silent .*✓ holds DNS answers 10\.96\.0\.1/)
    expect(page).toContain('<b>1/1</b><span>proofs hold</span>')
  })
})

describe('matrices of a report', () => {
  it('tell in words what is out of the ordinary', () => {
    const matrix = matrixOf('ports', ['a', 'b'], (from) =>
      from === 1 ? { text: '7/8', tone: 'bad', note: 'tcp/6443 filtered' } : { text: 'ok', tone: 'usual' },
    )
    const text = part(reportOf(runOf({ a: [], b: [] }), { matrices: [matrix] }), 'between')
    expect(text).toMatch(/ports ms ✗ 1 bad .*✗ b → a: 7\/8, tcp\/6443 filtered/)
  })
  it('may have other places than the hosts as columns', () => {
    const cells = [{ from: 'a', to: 'office:443', text: '21.0', tone: 'bad', note: 'more than 20 ms' }] as const
    const matrix = { title: 'to the places you named', unit: 'ms', hosts: ['a', 'b'], places: ['office:443'], cells }
    const page = reportOf(runOf({ a: [], b: [] }), { matrices: [matrix] })
    expect(page).toContain('<th scope="col">office:443</th>')
    expect(part(page, 'between')).toMatch(/✗ a → office:443: 21\.0, more than 20 ms/)
  })
  it('of many hosts are a picture in which every pair has its point', () => {
    const hosts = [...Array(30).keys()].map((i) => `h${i}`)
    const matrix = matrixOf('ports', hosts, (from, to) => ({
      text: 'x',
      tone: from === 3 && to === 7 ? 'bad' : 'usual',
    }))
    const page = reportOf(runOf({}), { matrices: [matrix] })
    expect(page).toContain('<path class="bad" d="M7 3h1v1h-1z"/>')
    const points = [...(/class="usual" d="([^"]*)"/.exec(page)?.[1] ?? '').matchAll(/h(\d+)v/g)]
    expect(points.reduce((sum, [, width]) => sum + Number(width), 0)).toBe(30 * 29 - 1)
  })
})

describe('plan of a report', () => {
  it('folds diffs, and joins hosts that are changed alike', () => {
    const changes = [{ what: '', from: 'absent', to: '4 bytes', text: { before: '', after: 'a<b\n' } }]
    const file = planned('file:/etc/x', { verdict: 'change', changes, steps: [{ title: 'write /etc/x', sha256: '' }] })
    const page = reportOf(runOf({ a: [file], b: [file], c: [planned('file:/etc/y')] }))
    expect(part(page, 'plan')).toMatch(
      /\+ file:\/etc\/x on a, b 4 bytes @@ -0,0 \+1,1 @@ \+a&lt;b steps: write \/etc\/x/,
    )
    expect(page.match(/<pre class="diff">/g)).toHaveLength(1)
    expect(part(page, 'plan')).toContain('1 resource as wanted')
  })
  it('counts what differs by names of hosts alone, rather than showing three hundred', () => {
    const node = (host: string) => planned(`kube-node:${host}`, { verdict: 'later', after: ['x'], note: 'not yet' })
    const hosts = Object.fromEntries([...Array(30).keys()].map((i) => [`node-${i}`, [node(`node-${i}`)]]))
    const text = part(reportOf(runOf(hosts)), 'plan')
    expect(text.match(/known after x/g)).toHaveLength(12)
    expect(text).toContain('and 18 more')
  })
})
