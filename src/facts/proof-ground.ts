import { isIP } from 'node:net'
import { quote } from '../core/quote.ts'
import type { KubeObject } from './kube-object.ts'
import { feed, kubectlPrelude, listText } from './kubectl.ts'

/** Carried by every namespace a proof makes, so that one that was killed is found again. */
export const PROOF_LABEL = 'provision.dev/proof'

/** For pods to start everywhere; only where one cannot is it waited for to the end. */
const START_SECONDS = 180
/** The cluster was told to remove it by then; how long that takes it is its own affair. */
const REMOVE_SECONDS = 60

/** What a proof stands on: objects that are there as long as it lasts. */
export interface ProofGround {
  readonly namespace: string
  /** Without a selector: its endpoints are the pods that got an address, whatever controllers are at. */
  readonly service: string
  /** Of the Service and of the pods, TCP and UDP. */
  readonly port: number
  readonly objects: readonly KubeObject[]
  /** Made only when it is asked for, after all else was measured. */
  readonly policy: KubeObject
}

/**
 * Shell for the first control plane: removes what an earlier proof left, makes the objects, waits until their pods run, tells what
 * there is, marks `made`, makes its policy when it is told `policy` and marks `policy`, and takes all of it away again when it is told so or when its stdin ends, as it does when whoever started
 * it is gone. Marks `removed` when nothing is left. Lines: `leftover NAME`, `trouble WHAT`, `service ADDRESS`,
 * `pod UID NODE ADDRESS PHASE WHY`, `event POD TYPE TEXT`, `balancer NAME POLICY ADDRESSES PORTS`, `slice SERVICE READY…`, `remains TEXT`.
 */
export function proofGroundScript({ namespace, service, port, objects, policy }: ProofGround): string {
  const ns = quote(namespace)
  return `mark ground
trap '' PIPE HUP
${kubectlPrelude(START_SECONDS)}
if ! kubectl_ready; then printf 'trouble\\tno cluster was made here yet\\n'; exit 0; fi
for old in $(k get namespaces -l ${PROOF_LABEL} -o ${quote(`jsonpath=${STANDING}`)} </dev/null 2>/dev/null); do
printf 'leftover\\t%s\\n' "$old"
k delete namespace --wait=false "$old" </dev/null >/dev/null 2>&1
done
said=$(${feed(listText(objects))} k apply --server-side --force-conflicts --field-manager=provision -f - 2>&1)
if [ $? != 0 ]; then
printf 'trouble\\t%s\\n' "$(printf '%s' "$said" | tail -n 1)"
else
k -n ${ns} wait --for=condition=Ready pods --all --timeout=${START_SECONDS}s </dev/null >/dev/null 2>&1
{ printf '%s\\n' ${quote(sliceHead({ namespace, service, port }))}
k -n ${ns} get pods -o ${quote(`jsonpath=${ENDPOINTS}`)} </dev/null
} | k apply --server-side --force-conflicts --field-manager=provision -f - >/dev/null 2>&1
k -n ${ns} get service,pods,events -o ${quote(`jsonpath=${ALL}`)} </dev/null
balancers=$(k get services -A -o ${quote(`jsonpath=${BALANCERS}`)} </dev/null)
if [ -n "$balancers" ]; then
printf '%s\\n' "$balancers"
k get endpointslices -A -o ${quote(`jsonpath=${SLICES}`)} </dev/null
fi
mark made
while read -r order && [ "$order" = policy ]; do
said=$(${feed(JSON.stringify(policy))} k apply --server-side --force-conflicts --field-manager=provision -f - 2>&1) || printf 'nopolicy\\t%s\\n' "$(printf '%s' "$said" | tail -n 1)"
mark policy
done
fi
mark removing
k -n ${ns} delete pods,services,endpointslices,networkpolicies --all --wait=false </dev/null >/dev/null 2>&1
said=$(k delete namespace ${ns} --ignore-not-found --timeout=${REMOVE_SECONDS}s </dev/null 2>&1) || printf 'remains\\t%s\\n' "$(printf '%s' "$said" | tail -n 1)"
mark removed
`
}

function sliceHead({ namespace, service, port }: Pick<ProofGround, 'namespace' | 'service' | 'port'>): string {
  return `apiVersion: discovery.k8s.io/v1
kind: EndpointSlice
addressType: IPv4
metadata:
  name: ${service}
  namespace: ${namespace}
  labels: {kubernetes.io/service-name: ${service}, endpointslice.kubernetes.io/managed-by: provision}
ports:
- {name: tcp, protocol: TCP, port: ${port}}
- {name: udp, protocol: UDP, port: ${port}}
endpoints:`
}

const ENDPOINTS =
  '{range .items[?(@.status.phase=="Running")]}- addresses: ["{.status.podIP}"]{"\\n"}  nodeName: "{.spec.nodeName}"{"\\n"}  conditions: {"{"}ready: true{"}"}{"\\n"}{end}'
/** One that the cluster is about to remove is nobody's leftover. */
const STANDING = '{range .items[?(@.status.phase=="Active")]}{.metadata.name}{"\\n"}{end}'

/** Before it is created a container waits; what it waits for says why. */
const PODS =
  '{range .items[?(@.kind=="Pod")]}pod{"\\t"}{.metadata.uid}{"\\t"}{.spec.nodeName}{"\\t"}{.status.podIP}{"\\t"}{.status.phase}{"\\t"}' +
  '{.status.containerStatuses[0].state.waiting.reason} {.status.containerStatuses[0].state.waiting.message}{"\\n"}{end}'
const EVENTS =
  '{range .items[?(@.kind=="Event")]}event{"\\t"}{.involvedObject.uid}{"\\t"}{.type}{"\\t"}{.reason}: {.message}{"\\n"}{end}'
/** One question for all of it: each start of kubectl costs. */
const ALL = `{range .items[?(@.kind=="Service")]}service{"\\t"}{.spec.clusterIP}{"\\n"}{end}${PODS}${EVENTS}`
const BALANCERS =
  '{range .items[?(@.spec.type=="LoadBalancer")]}balancer{"\\t"}{.metadata.namespace}/{.metadata.name}{"\\t"}{.spec.externalTrafficPolicy}{"\\t"}' +
  '{.status.loadBalancer.ingress[*].ip}{"\\t"}{range .spec.ports[*]}{.protocol}/{.port} {end}{"\\n"}{end}'
const SLICES =
  '{range .items[*]}slice{"\\t"}{.metadata.namespace}/{.metadata.labels.kubernetes\\.io/service-name}{"\\t"}{.endpoints[*].conditions.ready}{"\\n"}{end}'

export interface ProofPod {
  readonly uid: string
  readonly node: string
  /** Empty while it has none. */
  readonly address: string
  readonly running: boolean
  /** Why it does not run. */
  readonly why: string
}

export interface Balancer {
  /** `namespace/name`. */
  readonly service: string
  /** `Local`: answers only where one of its pods runs. */
  readonly policy: string
  readonly addresses: readonly string[]
  readonly tcpPorts: readonly number[]
  readonly readyEndpoints: number
}

export interface GroundSaid {
  readonly trouble: string | undefined
  readonly leftovers: readonly string[]
  readonly service: string
  readonly pods: readonly ProofPod[]
  readonly balancers: readonly Balancer[]
  /** Why the objects could not be taken away. */
  readonly remains: string | undefined
  /** Why there is no policy. */
  readonly noPolicy: string | undefined
}

export function readGround(text: string): GroundSaid {
  const lines = text.split('\n').map((line) => line.split('\t'))
  const all = (word: string) => lines.filter(([first]) => first === word).map(([, ...rest]) => rest)
  const events = new Map(
    all('event').flatMap(([uid = '', type, why = '']) => (type === 'Warning' ? [[uid, why] as const] : [])),
  )
  const ready = Map.groupBy(all('slice'), ([service]) => service)
  return {
    trouble: all('trouble')[0]?.[0],
    leftovers: all('leftover').map(([name = '']) => name),
    service: ipv4(all('service')[0]?.[0]),
    pods: all('pod').map(([uid = '', node = '', address = '', phase = '', why = '']) => ({
      uid,
      node,
      address: isIP(address) === 0 ? '' : address,
      running: phase === 'Running',
      why: [why.trim(), events.get(uid) ?? ''].filter(Boolean).join('; ') || phase,
    })),
    balancers: all('balancer').map(([service = '', policy = '', addresses = '', ports = '']) => ({
      service,
      policy,
      addresses: words(addresses).filter((address) => isIP(address) !== 0),
      tcpPorts: words(ports).flatMap((port) => (port.startsWith('TCP/') ? [Number(port.slice(4))] : [])),
      readyEndpoints: (ready.get(service) ?? [])
        .flatMap(([, states = '']) => words(states))
        .filter((one) => one === 'true').length,
    })),
    remains: all('remains')[0]?.[0],
    noPolicy: all('nopolicy')[0]?.[0],
  }
}

/** What is asked for by peers is an address, whatever the cluster says it is. */
function ipv4(text = ''): string {
  return isIP(text) === 4 ? text : ''
}

function words(text: string): readonly string[] {
  return text.split(' ').filter(Boolean)
}
