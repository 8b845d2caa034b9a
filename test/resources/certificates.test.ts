import { describe, expect, it } from 'vitest'
import { renewedAs } from '../../src/cluster/certificates.ts'
import { answersOf } from '../../src/core/fact.ts'
import { certificatesRenewed } from '../../src/resources/certificates-renewed.ts'
import { staticPodFresh } from '../../src/resources/static-pod-fresh.ts'
import { certificateLines, VALID_UNTIL_MS } from '../support/certificate.ts'

const DAY_MS = 86_400_000
const API = '/etc/kubernetes/pki/apiserver.crt'
const SCHEDULER = '/etc/kubernetes/scheduler.conf'

function seen(facts: Readonly<Record<string, string>>) {
  return answersOf(
    new Map(Object.entries(facts).map(([name, text]) => [name, { code: 0, text, stderr: '', truncated: false }])),
  )
}

describe('certificates of kubeadm', () => {
  const at = (daysBefore: number) => ({
    days: 30,
    nowMs: () => VALID_UNTIL_MS - daysBefore * DAY_MS,
    nameOf: renewedAs,
  })
  const two = seen({
    certificates: certificateLines({ [API]: 1, [SCHEDULER]: 1, '/var/lib/kubelet/pki/kubelet.crt': 1 }),
  })

  it('are left alone while there is time', () => {
    expect(certificatesRenewed(at(30)).decide(two)).toMatchObject({
      verdict: 'same',
      evidence: '2 certificates, each with 30 days or more',
    })
  })
  it('are renewed all at once by one kubeadm, where all of them are due', () => {
    const decision = certificatesRenewed(at(29.5)).decide(two)
    expect(decision).toMatchObject({
      verdict: 'differs',
      changes: [
        { what: 'apiserver', from: '29 days left', to: 'renewed' },
        { what: 'scheduler.conf', from: '29 days left', to: 'renewed' },
      ],
      steps: [{ title: 'renew 2 certificates', body: expect.stringContaining('for name in all;') }],
    })
  })
  it('are not renewed on a machine that has none, nor called fine', () => {
    expect(certificatesRenewed(at(1)).decide(seen({ certificates: '' }))).toMatchObject({
      verdict: 'unknown',
      reason: 'there are no certificates of kubeadm here',
    })
  })
  it('that cannot be read are no reason to renew them', () => {
    const broken = seen({ certificates: `all\tcertificate\t${API}\t1\tbm9uc2Vuc2U=\n` })
    expect(certificatesRenewed(at(1)).decide(broken)).toMatchObject({
      verdict: 'unknown',
      reason: expect.stringContaining(`${API} is not a certificate`),
    })
  })
})

describe('a program of the control plane', () => {
  const want = { name: 'kube-apiserver', files: [API] }
  /** Booted at 1000, started at 1100. */
  const process = 'all\tnow\t2000\t1000.5\nall\tprocess\tkube-apiserver\t77\t10050\nall\tprocess\tetcd\t9\t1\n'

  it.each([
    ['before it was started', 1099, 'same'],
    ['in the second in which it was', 1100, 'same'],
    ['after', 1102, 'differs'],
  ])('with a certificate that was written %s', (_when, written, verdict) => {
    const decision = staticPodFresh(want).decide(
      seen({ 'static-pods': process, certificates: certificateLines({ [API]: written, [SCHEDULER]: 9999 }) }),
    )
    expect(decision.verdict).toBe(verdict)
  })
  it('is restarted by its container, and only while it still is the process that was seen', () => {
    const decision = staticPodFresh(want).decide(
      seen({ 'static-pods': process, certificates: certificateLines({ [API]: 1500 }) }),
    )
    expect(decision).toMatchObject({
      changes: [
        { what: 'certificates', from: `started before ${API} was written`, disrupts: 'restarts kube-apiserver' },
      ],
      steps: [
        { body: expect.stringMatching(/static_pod_pids kube-apiserver \| head -n 1\)" = 77 \][\s\S]*crictl stop/) },
      ],
    })
  })
  it('that does not run is waited for, not stopped', () => {
    const decision = staticPodFresh(want).decide(seen({ 'static-pods': 'all\tnow\t2000\t1000.5\n', certificates: '' }))
    expect(decision).toMatchObject({
      changes: [{ from: 'not running' }],
      steps: [{ body: expect.not.stringContaining('crictl stop') }],
    })
  })
})
