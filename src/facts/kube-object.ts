import { z } from 'zod'
import { type Fact, type Probe, probe } from '../core/fact.ts'
import { FactError } from '../core/fact-error.ts'
import { feed, kubectlPrelude, listText } from './kubectl.ts'

/** A Kubernetes object, as far as we look into it. */
export interface KubeObject {
  readonly apiVersion: string
  readonly kind: string
  readonly metadata: { readonly name: string; readonly namespace?: string; readonly [key: string]: unknown }
  readonly [key: string]: unknown
}

/** On every object that is ours. Source: kubernetes.io, "Recommended Labels". */
export const OUR_LABEL = { 'app.kubernetes.io/managed-by': 'provision' } as const

export interface KubeRef {
  readonly apiVersion: string
  readonly kind: string
  readonly namespace?: string
  readonly name: string
}

/** `none`: this host has no cluster. `down`: it has, and its API server does not answer. */
export type KubeSeen =
  | { readonly state: 'none' }
  | { readonly state: 'down'; readonly reason: string }
  | { readonly state: 'absent' }
  | { readonly state: 'present'; readonly object: KubeObject }

const objectSchema = z.looseObject({
  apiVersion: z.string(),
  kind: z.string(),
  metadata: z.looseObject({ name: z.string(), namespace: z.exactOptional(z.string()) }),
})

const K8S_GROUPS = [
  'admissionregistration|apiextensions|apiregistration|rbac.authorization|authentication|authorization|networking|storage',
  'scheduling|coordination|node|discovery|flowcontrol.apiserver|certificates|events|resource',
]
/** Kinds every API server has. Other groups of k8s.io, such as gateway.networking, are add-ons. */
const BUILT_IN_VERSIONS = `(v1|((apps|batch|policy|autoscaling)|(${K8S_GROUPS.join('|')})[.]k8s[.]io)/[^ ]*)`
export const BUILT_IN = new RegExp(`^${BUILT_IN_VERSIONS}$`)

/** `{@}` prints the object as JSON on one line, in which tabs and newlines are escaped. */
const COLUMNS =
  '{range .items[*]}{.apiVersion} {.kind}/{.metadata.namespace}/{.metadata.name}{"\\t"}object{"\\t"}{@}{"\\n"}' +
  '{.apiVersion} {.kind}/{.metadata.namespace}/{.metadata.name}{"\\t"}version{"\\t"}{.metadata.uid}/{.metadata.generation}{"\\n"}{end}'

/**
 * Objects of the cluster by name, all of them in one request of one kubectl: starting it is what costs. The line `version`
 * is the identity for guards: it moves when somebody changes what is wanted of the object; status moves by itself.
 */
export const kubeObject: Fact<KubeRef, KubeSeen> = {
  name: 'kube-object',
  costly: true,
  id: refId,
  script: (refs) => `${kubectlPrelude()}
kubectl_ready || exit 0
get() { k get --ignore-not-found -o 'jsonpath=${COLUMNS}' -f - 2>&1; }
all=$(${feed(listText(refs.map(stub)))} get); rc=$?${ownKinds(refs)}
printf '%s\\n' "$all" | grep -E '^[^\t]*\t(object|version)\t' | sed -E 's%^${BUILT_IN_VERSIONS} %%'
if [ $rc = 0 ]; then api=up why=; else api=down why=$(printf '%s' "$all" | tail -n 1 | tr '\\t' ' '); fi
for id in ${refs.map((ref) => `'${refId(ref)}'`).join(' ')}; do printf '%s\\tapi\\t%s\\t%s\\n' "$id" $api "$why"; done`,
  volatile: ['object', 'api'],
  parse(lines, ref) {
    const text = lines.find(([field]) => field === 'object')?.[1]
    if (text !== undefined) return { state: 'present', object: readObject(text, refId(ref)) }
    const [, api, reason = ''] = lines.find(([field]) => field === 'api') ?? []
    if (api === 'up') return { state: 'absent' }
    return api === undefined ? { state: 'none' } : { state: 'down', reason }
  },
}

/**
 * One kind the cluster does not know spoils a request for all: kubectl prints nothing then. So where add-ons of a cluster are
 * asked for that it may not have yet, the built-in kinds are asked for by themselves, and each add-on's, whose objects are then
 * not there. A built-in kind that is not known is an API server too busy to say what it has: it is down.
 */
function ownKinds(refs: readonly KubeRef[]): string {
  const groups = Map.groupBy(refs, ({ apiVersion }) => (BUILT_IN.test(apiVersion) ? '' : apiVersion))
  if (groups.size === (groups.has('') ? 1 : 0)) return ''
  const { '': builtIn = [], ...own } = Object.fromEntries(groups)
  const ask = (some: readonly KubeRef[]) => `$(${feed(listText(some.map(stub)))} get)`
  const asks = Object.values(own).map(
    (some) => `more=${ask(some)} || case $more in *'no matches for kind'*) more= ;; *) rc=1 ;; esac
all="$all
$more"`,
  )
  return `
case $all in *'no matches for kind'*)
${builtIn.length === 0 ? 'all= rc=0' : `all=${ask(builtIn)}; rc=$?`}
${asks.join('\n')} ;;
esac`
}

export function refOf({ apiVersion, kind, metadata: { name, namespace } }: KubeObject): KubeRef {
  return { apiVersion, kind, name, ...(namespace === undefined ? {} : { namespace }) }
}

export function kubeProbe(apiVersion: string, kind: string, path: string): Probe<KubeRef, KubeSeen> {
  const [name = '', namespace] = path.split('/').reverse()
  return probe(kubeObject, { apiVersion, kind, name, ...(namespace === undefined ? {} : { namespace }) })
}

/** `DaemonSet kube-flannel/kube-flannel-ds`, for people. */
export function kubeName({ kind, metadata }: KubeObject): string {
  return `${kind} ${metadata.namespace === undefined ? '' : `${metadata.namespace}/`}${metadata.name}`
}

/** Of an API version; empty for the core group. */
export function groupOf(apiVersion: string): string {
  return apiVersion.includes('/') ? apiVersion.slice(0, apiVersion.indexOf('/')) : ''
}

/** `IPAddressPool.v1beta1.metallb.io/office`, as kubectl takes it without doubt; `Secret/NAME` for the core group. */
export function kubeArgument({ apiVersion, kind, name }: KubeRef): string {
  const [group = '', version] = apiVersion.split('/')
  return `${version === undefined ? kind : `${kind}.${version}.${group}`}/${name}`
}

/**
 * `DaemonSet/kube-flannel/kube-flannel-ds`; without a namespace the middle is empty. Kinds of add-ons have their API version before
 * it, for two groups may call theirs the same: `metallb.io/v1beta1 IPAddressPool/metallb-system/office`.
 */
export function refId({ apiVersion, kind, namespace = '', name }: KubeRef): string {
  return `${BUILT_IN.test(apiVersion) ? '' : `${apiVersion} `}${kind}/${namespace}/${name}`
}

function stub({ apiVersion, kind, name, namespace }: KubeRef): KubeObject {
  return { apiVersion, kind, metadata: { name, ...(namespace === undefined ? {} : { namespace }) } }
}

export function readObject(text: string, what: string): KubeObject {
  let json: unknown
  try {
    json = JSON.parse(text)
  } catch {
    throw new FactError('kube-object', `${what}: kubectl printed something that is not JSON: ${text.slice(0, 200)}`)
  }
  const parsed = objectSchema.safeParse(json)
  if (!parsed.success) throw new FactError('kube-object', `${what}: ${z.prettifyError(parsed.error)}`)
  return parsed.data
}
