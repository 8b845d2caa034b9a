import { quote } from '../core/quote.ts'

/** Where the cluster administrator's kubeconfig lies on a control plane. */
export const ADMIN_CONF = '/etc/kubernetes/admin.conf'

/** The kubelet's own, on every node: it may read its own Node, and little else. */
const KUBELET_CONF = '/etc/kubernetes/kubelet.conf'

/** Folder of the Kubernetes and runtime binaries that we install. */
export const BIN_DIR = '/usr/local/bin'

/** Lets a script find what we installed, whatever the login's PATH is. */
export const WITH_OUR_PATH = 'PATH=/usr/local/sbin:/usr/local/bin:$PATH; export PATH'

/**
 * Shell that defines `kubectl_ready` (is there a client and a kubeconfig?) and `k` (kubectl with a deadline for each request; as
 * cluster administrator on a control plane, as the node itself elsewhere). Its cache folder is one that nobody can make: a look leaves no trace.
 */
export function kubectlPrelude(requestTimeoutSeconds = 10): string {
  return `conf=${ADMIN_CONF}
[ -e "$conf" ] || conf=${KUBELET_CONF}
kubectl_ready() { [ -x ${BIN_DIR}/kubectl ] && [ -e "$conf" ]; }
k() { KUBECACHEDIR=/dev/null ${BIN_DIR}/kubectl --kubeconfig "$conf" --request-timeout=${requestTimeoutSeconds}s "$@"; }`
}

/** Shell that prints what comes on stdin as one line of base64. */
export const ONE_LINE_BASE64 = `base64 | tr -d '\\n'`

/** Shell word list that feeds text to a command: `printf %s TEXT |`. */
export function feed(text: string): string {
  return `printf '%s' ${quote(text)} |`
}

/** Objects as one document, as kubectl reads it from stdin. */
export function listText(objects: readonly object[]): string {
  return JSON.stringify({ apiVersion: 'v1', kind: 'List', items: objects })
}
