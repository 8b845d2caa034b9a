import { METALLB_NAMESPACE } from '../../src/cluster/metallb.ts'
import { quote } from '../../src/core/quote.ts'
import { ADMIN_CONF, feed } from '../../src/facts/kubectl.ts'
import { waitUntil } from '../../src/resources/condition.ts'
import type { ApiHost } from './api-host.ts'

const NODE = 'stand-in'

/** Where a kubelet puts what a pod has of its service account. */
const ACCOUNT = '/var/run/secrets/kubernetes.io/serviceaccount'

/** Where MetalLB's manifest mounts the Secret that its controller fills. */
const CERTIFICATE = '/tmp/k8s-webhook-server/serving-certs'

const K = `k() { /opt/kubernetes-node/kubectl --kubeconfig ${ADMIN_CONF} -n ${METALLB_NAMESPACE} "$@"; }`

/**
 * MetalLB's own controller, with its webhook, for the pod that its Deployment has: as a plain process, under the rights of its
 * own service account. What scheduler and kubelet would do for it is done here: a node, a token, the Secret as files, and the
 * word that it is ready, once it is. Waits for the pod, so it may be called before the manifest is applied.
 */
export async function runMetallbController(host: ApiHost, address: string): Promise<void> {
  const pod = (
    await host.sh(`${K}
${waitUntil('{ pod=$(k get pod -l component=controller -o name 2>&1) && [ "${pod#pod/}" != "$pod" ]; }', 60, 'a pod of the controller')}
printf '%s' "\${pod#pod/}"`)
  ).trim()
  await host.sh(assigned(pod))
  await host.daemon('metallb-controller', [
    'env',
    `METALLB_POD_NAME=${pod}`,
    'METALLB_ML_SECRET_NAME=memberlist',
    'METALLB_DEPLOYMENT=controller',
    `KUBERNETES_SERVICE_HOST=${address}`,
    'KUBERNETES_SERVICE_PORT=6443',
    '/opt/metallb-programs/controller',
    '--port=9120',
    '--log-level=info',
  ])
  await host.sh(ready(pod, address))
}

function assigned(pod: string): string {
  const node = { apiVersion: 'v1', kind: 'Node', metadata: { name: NODE } }
  const binding = {
    apiVersion: 'v1',
    kind: 'Binding',
    metadata: { name: pod },
    target: { apiVersion: 'v1', kind: 'Node', name: NODE },
  }
  return `${K}
set -e
${feed(JSON.stringify(node))} k create -f -
${feed(JSON.stringify(binding))} k create --raw /api/v1/namespaces/${METALLB_NAMESPACE}/pods/${pod}/binding -f -
mkdir -p ${ACCOUNT} ${CERTIFICATE}
cp /etc/kubernetes/pki/ca.crt ${ACCOUNT}/ca.crt
printf %s ${METALLB_NAMESPACE} >${ACCOUNT}/namespace
k create token controller >${ACCOUNT}/token`
}

function ready(pod: string, address: string): string {
  const conditions = ['Ready', 'ContainersReady'].map((type) => ({ type, status: 'True' }))
  const status = { status: { phase: 'Running', podIP: address, podIPs: [{ ip: address }], conditions } }
  return `${K}
part() { k get secret metallb-webhook-cert -o "go-template={{index .data \\"$1\\" | base64decode}}" 2>&1; }
${waitUntil('{ said=$(part tls.crt) && [ "${said#-----BEGIN}" != "$said" ]; }', 60, "the controller's certificate")}
for file in ca.crt tls.key tls.crt; do part $file >${CERTIFICATE}/.$file && mv ${CERTIFICATE}/.$file ${CERTIFICATE}/$file; done
${waitUntil('said=$(curl -fsS http://127.0.0.1:17472/readyz 2>&1)', 60, "MetalLB's controller")}
k patch pod ${pod} --subresource=status --type=merge -p ${quote(JSON.stringify(status))}`
}
