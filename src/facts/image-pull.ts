import { quote } from '../core/quote.ts'

/** Pods whose images somebody waits for. */
export interface PulledPods {
  readonly namespace: string
  /** Label selector, as kubectl takes it: `k8s-app=calico-node`. */
  readonly selector: string
  /** Only those of this node. */
  readonly node?: string
}

/**
 * A kubelet tries again 10, 30 and 70 seconds after its first try (k8s.io/kubernetes, pkg/kubelet, `imageBackOffPeriod`): what fails
 * all of them is not a registry that was busy for a moment.
 */
const PATIENCE_SECONDS = 75

/** What a kubelet says of a container whose image it does not get. Source: k8s.io/kubernetes, pkg/kubelet/images/types.go. */
const REASONS = 'ErrImagePull|ImagePullBackOff|InvalidImageName|ErrImageNeverPull|RegistryUnavailable|ImageInspectError'

const COLUMNS = ['initContainerStatuses', 'containerStatuses']
  .map(
    (list) =>
      `{range .status.${list}[*]}{.state.waiting.reason}{"\\t"}{.image}{"\\t"}{.state.waiting.message}{"\\n"}{end}`,
  )
  .join('')

/**
 * Shell that defines `pull_fails`: succeeds, and says which image it is and what the registry answered, once kubelets have not got
 * an image for all pods of one owner (a DaemonSet, a ReplicaSet) for a while. One of its pods that is about to start is enough to
 * wait on; what the others lack is kept in `also`. Wants `k` and `now`: see `kubectlPrelude` and `waitUntil`.
 */
export function pullFailsScript({ namespace, selector, node }: PulledPods, patienceSeconds = PATIENCE_SECONDS): string {
  const onNode = node === undefined ? '' : ` --field-selector=${quote(`spec.nodeName=${node}`)}`
  const pod = 'pod{"\\t"}{range .metadata.ownerReferences[*]}{.name}{end}{"\\n"}'
  const tab = '\t'
  return `lacks_by_owner() {
  owner=''
  while IFS='${tab}' read -r what of words; do
    if [ "$what" != pod ]; then state=lacks; continue; fi
    [ -z "$owner" ] || printf '%s %s\\n' "$owner" "$state"
    owner=\${of:-nobody} state=starts
  done
  printf '%s %s\\n' "$owner" "$state"
}
pull_fails() {
  pods=$(k -n ${quote(namespace)} get pods -l ${quote(selector)}${onNode} -o 'jsonpath={range .items[*]}${pod}${COLUMNS}{end}' 2>/dev/null |
    grep -E '^(pod|${REASONS})${tab}')
  lacking=$(printf '%s\\n' "$pods" | grep -v '^pod' | head -n 1)
  if [ -z "$lacking" ]; then lacking_since='' also=''; return 1; fi
  : "\${lacking_since:=\${now%.*}}"
  lacking=\${lacking#*${tab}}
  also="image \${lacking%%${tab}*} is not pulled, for $(( \${now%.*} - lacking_since )) s now: \${lacking#*${tab}}"
  [ $(( \${now%.*} - lacking_since )) -ge ${patienceSeconds} ] || return 1
  states=$(printf '%s\\n' "$pods" | lacks_by_owner | sort -u)
  for owner in $(printf '%s\\n' "$states" | cut -d ' ' -f 1 | uniq -u); do
    case $states in *"$owner lacks"*) printf '%s\\n' "$also"; return 0 ;; esac
  done
  return 1
}`
}
