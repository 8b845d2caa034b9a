import { describe, expect, it } from 'vitest'
import { daysLeft, renewalOf, renewedAs } from '../../src/cluster/certificates.ts'

const DAY_MS = 86_400_000

describe('certificates', () => {
  it.each<[string, boolean, string, string | undefined]>([
    ['/etc/kubernetes/pki/apiserver.crt', false, 'kubeadm', 'apiserver'],
    ['/etc/kubernetes/pki/apiserver-etcd-client.crt', false, 'kubeadm', 'apiserver-etcd-client'],
    ['/etc/kubernetes/pki/etcd/server.crt', false, 'kubeadm', 'etcd-server'],
    ['/etc/kubernetes/pki/etcd/peer.crt', false, 'kubeadm', 'etcd-peer'],
    ['/etc/kubernetes/pki/etcd/healthcheck-client.crt', false, 'kubeadm', 'etcd-healthcheck-client'],
    ['/etc/kubernetes/super-admin.conf', false, 'kubeadm', 'super-admin.conf'],
    ['/etc/kubernetes/pki/ca.crt', true, 'by hand', undefined],
    ['/etc/kubernetes/pki/etcd/ca.crt', true, 'by hand', undefined],
    ['/etc/kubernetes/kubelet.conf', false, 'kubelet', undefined],
    ['/var/lib/kubelet/pki/kubelet-client-current.pem', false, 'kubelet', undefined],
    ['/var/lib/kubelet/pki/kubelet.crt', false, 'kubelet', undefined],
  ])('%s: renewed by whom, and as what', (path, isAuthority, renewal, name) => {
    expect(renewalOf({ path, isAuthority })).toBe(renewal)
    expect(renewedAs({ path, isAuthority })).toBe(name)
  })
  it('have whole days left, negative when there are none', () => {
    expect(daysLeft({ notAfterMs: 10 * DAY_MS }, 0)).toBe(10)
    expect(daysLeft({ notAfterMs: 10 * DAY_MS - 1 }, 0)).toBe(9)
    expect(daysLeft({ notAfterMs: -1 }, 0)).toBe(-1)
  })
})
