import { describe, expect, it } from 'vitest'
import { statusOf } from '../../src/cluster/status.ts'
import { answersOf } from '../../src/core/fact.ts'
import type { Finding } from '../../src/core/finding.ts'
import { certificateLines, VALID_UNTIL_MS } from '../support/certificate.ts'
import { nodeOf, ONE_NODE } from '../support/node.ts'

const DAY_MS = 86_400_000
const LIMITS = { certificateDays: 30, freePercent: 15 }

/** The finding with this id, from what the host said. */
function find(
  id: string,
  facts: Readonly<Record<string, string>>,
  nowMs = VALID_UNTIL_MS - 100 * DAY_MS,
): Finding | undefined {
  const all = statusOf(nodeOf(ONE_NODE, { operatorClock: () => nowMs }), LIMITS)
  const texts = Object.entries(facts).map(
    ([name, text]) => [name, { code: 0, text, stderr: '', truncated: false }] as const,
  )
  const decision = all.find(({ key }) => key === `requirement:${id}`)?.decide(answersOf(new Map(texts)))
  return decision?.verdict === 'finding' ? decision.finding : undefined
}

describe('status of a host', () => {
  it.each<[string, string, Readonly<Record<string, string>>, boolean, string]>([
    ['API server that is ready', 'api-server', { 'kube-ready': 'own\tready\n' }, true, 'ready'],
    [
      'API server whose checks fail',
      'api-server',
      { 'kube-ready': 'own\tunready\tetcd etcd-readiness \n' },
      false,
      'not ready: etcd etcd-readiness',
    ],
    ['API server that is not there', 'api-server', { 'kube-ready': '' }, false, 'there is none here'],
    [
      'etcd that leads',
      'etcd',
      {
        'etcd-status':
          'member\tserver_has_leader\t1\nmember\tserver_is_leader\t1\nmember\tmvcc_db_total_size_in_bytes\t2.097152e+06\nmember\tversion\t3.6.8\nmember\tpeer\ta\nmember\tpeer\tb\nmember\tpeer\tc\n',
      },
      true,
      '3.6.8, leader, one of 3 members, database 2.0 MiB',
    ],
    [
      'etcd without a leader',
      'etcd',
      { 'etcd-status': 'member\tserver_has_leader\t0\nmember\tserver_is_leader\t0\n' },
      false,
      'no leader',
    ],
    ['etcd that is silent', 'etcd', { 'etcd-status': '' }, false, 'it does not answer'],
    ['a full disk', 'disk-free:/var/log', { 'disk-space': '/var/log\t/var\t140 1000 4096\n' }, false, '14 % of'],
    ['a disk with room', 'disk-free:/var/log', { 'disk-space': '/var/log\t/var\t150 1000 4096\n' }, true, '15 % of'],
    [
      'pods that wait',
      'pods',
      {
        'kube-pods':
          'all\tpod\tdefault/a\t\tPending\tFalse\nall\tpod\tdefault/b\tn\tRunning\tTrue\nall\tpod\tdefault/c\tn\tSucceeded\tFalse\n',
      },
      false,
      '1 of 2 not ready: default/a (Pending)',
    ],
    ['a node in no cluster', 'node', { 'kube-object': '' }, false, 'in no cluster'],
    [
      'a restart that packages ask for',
      'reboot',
      { boot: 'host\tkernel\t6.1.0-1-amd64\nhost\trequired\nhost\tpackage\tlibc6\n' },
      false,
      'packages ask for it: libc6',
    ],
  ])('%s', (...[, id, facts, met, evidence]) => {
    const finding = find(id, facts)
    expect(finding).toMatchObject({ met })
    expect(finding?.evidence).toContain(evidence)
  })
  it.each([
    [30, true],
    [29.9, false],
    [-1, false],
  ])('a certificate with %s days left', (left, met) => {
    const facts = { certificates: certificateLines({ '/etc/kubernetes/pki/apiserver.crt': 1 }) }
    const finding = find('certificates', facts, VALID_UNTIL_MS - left * DAY_MS)
    expect(finding).toMatchObject({ met, severity: 'required' })
    if (!met) expect(finding?.evidence).toBe(`/etc/kubernetes/pki/apiserver.crt (${Math.floor(left)} days)`)
  })
})
