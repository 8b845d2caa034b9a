import { type Fact, probe } from '../core/fact.ts'
import { quote } from '../core/quote.ts'
import { kubeProbe } from './kube-object.ts'
import { ADMIN_CONF } from './kubectl.ts'

const FILES = [
  ADMIN_CONF,
  '/etc/kubernetes/kubelet.conf',
  '/etc/kubernetes/manifests/kube-apiserver.yaml',
  '/etc/kubernetes/manifests/etcd.yaml',
  '/var/lib/kubelet/config.yaml',
]

/** Which of kubeadm's files are there. Ask: `files`. */
const kubeadmFiles: Fact<'files', readonly string[]> = {
  name: 'kubeadm',
  id: () => 'files',
  script: () => `for f in ${FILES.map(quote).join(' ')}; do [ ! -e "$f" ] || printf 'files\\tfile\\t%s\\n' "$f"; done`,
  parse: (lines) => lines.map(([, path = '']) => path),
}

export const kubeadmFilesProbe = probe(kubeadmFiles, 'files')

/** One object of each of kubeadm init's late phases (upload-config, add-ons): there only once it is through. */
export const LATE_OBJECTS = [
  { probe: kubeProbe('v1', 'ConfigMap', 'kube-system/kubeadm-config'), name: 'configmap/kubeadm-config' },
  { probe: kubeProbe('v1', 'ConfigMap', 'kube-system/kubelet-config'), name: 'configmap/kubelet-config' },
  { probe: kubeProbe('apps/v1', 'DaemonSet', 'kube-system/kube-proxy'), name: 'daemonset/kube-proxy' },
  { probe: kubeProbe('apps/v1', 'Deployment', 'kube-system/coredns'), name: 'deployment/coredns' },
] as const
