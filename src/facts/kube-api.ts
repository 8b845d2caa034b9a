import type { Fact, Line } from '../core/fact.ts'
import { ADMIN_CONF, kubectlPrelude } from './kubectl.ts'

/** `none`: this host has no cluster; `down`: it has, and its API server does not answer. */
export type ApiServer =
  | { readonly state: 'none' }
  | { readonly state: 'down'; readonly reason: string }
  | { readonly state: 'ready' }

/** What kubeadm has made on this host so far. */
export interface Bootstrap {
  readonly api: ApiServer
  readonly files: readonly string[]
  /** Objects that exist only once `kubeadm init` is through its last phases. */
  readonly objects: readonly string[]
}

const FILES = [
  ADMIN_CONF,
  '/etc/kubernetes/kubelet.conf',
  '/etc/kubernetes/manifests/kube-apiserver.yaml',
  '/etc/kubernetes/manifests/etcd.yaml',
  '/var/lib/kubelet/config.yaml',
]

/** One object of each late phase: upload-config, mark and tokens, add-ons. */
export const LATE_OBJECTS = [
  'configmap/kubeadm-config',
  'configmap/kubelet-config',
  'daemonset.apps/kube-proxy',
  'deployment.apps/coredns',
] as const

/**
 * How far kubeadm has come. Ask: `cluster`. What the API server says is volatile: it may come up between look and act.
 * Objects by name: kubeadm init's phases, https://kubernetes.io/docs/reference/setup-tools/kubeadm/kubeadm-init/
 */
export const bootstrapFact: Fact<'cluster', Bootstrap> = {
  name: 'kubeadm',
  id: () => 'cluster',
  script: () => `${kubectlPrelude(5)}
for f in ${FILES.join(' ')}; do [ -e "$f" ] && printf 'cluster\\tfile\\t%s\\n' "$f"; done
if kubectl_ready; then
  if r=$(k get --raw /readyz 2>&1) && [ "$r" = ok ]; then
    printf 'cluster\\tapi\\tready\\n'
    k -n kube-system get --ignore-not-found -o name ${LATE_OBJECTS.join(' ')} 2>/dev/null | while IFS= read -r o; do
      printf 'cluster\\tobject\\t%s\\n' "$o"
    done
  else
    printf 'cluster\\tapi\\tdown\\t%s\\n' "$(printf '%s' "$r" | tr '\\t\\n' '  ')"
  fi
fi
:`,
  volatile: ['api', 'object'],
  parse(lines: readonly Line[]): Bootstrap {
    const of = (field: string) => lines.filter(([name]) => name === field)
    const [, state, reason] = of('api')[0] ?? []
    const api: ApiServer =
      state === 'ready' ? { state } : state === 'down' ? { state, reason: reason ?? '' } : { state: 'none' }
    return {
      api,
      files: of('file').map(([, path = '']) => path),
      objects: of('object').map(([, name = '']) => name),
    }
  },
}
