import type { Certificate } from '../facts/certificate.ts'

const DAY_MS = 86_400_000

/** Whole days until a certificate is of no use; negative when it is so already. */
export function daysLeft({ notAfterMs }: Pick<Certificate, 'notAfterMs'>, nowMs: number): number {
  return Math.floor((notAfterMs - nowMs) / DAY_MS)
}

/** Who makes a certificate new: `provision certs renew` (kubeadm), the kubelet by itself, or nobody but you. */
export type Renewal = 'kubeadm' | 'kubelet' | 'by hand'

export function renewalOf({ path, isAuthority }: Pick<Certificate, 'path' | 'isAuthority'>): Renewal {
  if (isAuthority) return 'by hand'
  return path.startsWith('/var/lib/kubelet/') || path === '/etc/kubernetes/kubelet.conf' ? 'kubelet' : 'kubeadm'
}

const KUBEADM_NAMES: Readonly<Record<string, string>> = {
  '/etc/kubernetes/pki/etcd/healthcheck-client.crt': 'etcd-healthcheck-client',
  '/etc/kubernetes/pki/etcd/peer.crt': 'etcd-peer',
  '/etc/kubernetes/pki/etcd/server.crt': 'etcd-server',
}

/** What `kubeadm certs renew` calls the certificate in this file. https://kubernetes.io/docs/reference/setup-tools/kubeadm/kubeadm-certs/ */
function kubeadmName(path: string): string {
  const file = path.slice(path.lastIndexOf('/') + 1)
  return KUBEADM_NAMES[path] ?? file.replace(/\.crt$/, '')
}

/** What each program of the control plane reads when it is started. */
export const CERTIFICATES_OF: Readonly<Record<string, readonly string[]>> = {
  etcd: ['/etc/kubernetes/pki/etcd/server.crt', '/etc/kubernetes/pki/etcd/peer.crt'],
  'kube-apiserver': [
    '/etc/kubernetes/pki/apiserver.crt',
    '/etc/kubernetes/pki/apiserver-kubelet-client.crt',
    '/etc/kubernetes/pki/apiserver-etcd-client.crt',
    '/etc/kubernetes/pki/front-proxy-client.crt',
  ],
  'kube-controller-manager': ['/etc/kubernetes/controller-manager.conf'],
  'kube-scheduler': ['/etc/kubernetes/scheduler.conf'],
}

/** What `kubeadm certs renew` calls it; undefined where somebody else renews it. */
export function renewedAs(certificate: Pick<Certificate, 'path' | 'isAuthority'>): string | undefined {
  return renewalOf(certificate) === 'kubeadm' ? kubeadmName(certificate.path) : undefined
}
