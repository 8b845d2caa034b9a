import { expect, test } from 'vitest'
import type { Event } from '../../../src/core/events.ts'
import { MarkupTree } from '../../support/markup-tree.ts'
import { reportOf } from '../../support/report-of.ts'
import { planned, resultOf } from '../../support/run-events.ts'

function pageOf(hosts: Readonly<Record<string, ReturnType<typeof planned>>>): string {
  const results = Object.keys(hosts).map((host) => resultOf(host))
  const events: readonly Event[] = [
    { t: 0, type: 'run', run: 'r', command: 'provision up', hosts: Object.keys(hosts), version: '1' },
    ...Object.entries(hosts).map(
      ([host, resource]): Event => ({ t: 1, type: 'plan', host, plan: { host, hostKey: '', resources: [resource] } }),
    ),
    ...results.map((result): Event => ({ t: 2, type: 'host', host: result.host, result })),
    { t: 3, type: 'end', ms: 3, exit: 0, hosts: results, criticalPath: [] },
  ]
  return reportOf(events)
}

test('what was counted stands in a row for each host', () => {
  const counted = (mode: string, rules: number, servers: number) =>
    planned(`condition:${mode}`, {
      verdict: 'same',
      figures: [
        { name: 'iptables rules', count: rules },
        { name: 'IPVS virtual servers', count: servers },
      ],
    })
  const page = pageOf({ cp1: counted('ipvs', 58, 4), 'w<1>': counted('ipvs', 60, 0) })
  new MarkupTree(page)
  const [, source = ''] = /<section id="counted">(.*?)<\/section>/s.exec(page) ?? []
  const text = source.replaceAll(/<[^>]*>/g, ' ').replaceAll(/\s+/g, ' ')
  expect(text).toContain('host by iptables rules IPVS virtual servers cp1 ipvs 58 4 w&lt;1&gt; ipvs 60 0')
})

test('a run in which nothing was counted has no such part', () => {
  expect(pageOf({ cp1: planned('condition:flannel', { verdict: 'same' }) })).not.toContain('id="counted"')
})
