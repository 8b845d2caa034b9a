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
 * A kubelet tries again after 10 and after 20 seconds by itself: what fails for this long is not a registry that was busy for a
 * moment.
 */
const PATIENCE_SECONDS = 30

/** What a kubelet says of a container whose image it does not get. Source: k8s.io/kubernetes, pkg/kubelet/images/types.go. */
const REASONS = 'ErrImagePull|ImagePullBackOff|InvalidImageName|ErrImageNeverPull|RegistryUnavailable|ImageInspectError'

const COLUMNS = ['initContainerStatuses', 'containerStatuses']
  .map(
    (list) =>
      `{range .status.${list}[*]}{.state.waiting.reason}{"\\t"}{.image}{"\\t"}{.state.waiting.message}{"\\n"}{end}`,
  )
  .join('')

/**
 * Shell that defines `pull_fails`: succeeds, and says which image it is and what the registry answered, once a kubelet has not
 * got an image of these pods for a while. Wants `k` and `now`: see `kubectlPrelude` and `waitUntil`.
 */
export function pullFailsScript({ namespace, selector, node }: PulledPods, patienceSeconds = PATIENCE_SECONDS): string {
  const onNode = node === undefined ? '' : ` --field-selector=${quote(`spec.nodeName=${node}`)}`
  const tab = '\t'
  return `pull_fails() {
  lacking=$(k -n ${quote(namespace)} get pods -l ${quote(selector)}${onNode} -o 'jsonpath={range .items[*]}${COLUMNS}{end}' 2>/dev/null |
    grep -E '^(${REASONS})${tab}' | head -n 1)
  if [ -z "$lacking" ]; then lacking_since=; return 1; fi
  : "\${lacking_since:=\${now%.*}}"
  [ $(( \${now%.*} - lacking_since )) -ge ${patienceSeconds} ] || return 1
  lacking=\${lacking#*${tab}}
  printf 'image %s cannot be pulled: %s\\n' "\${lacking%%${tab}*}" "\${lacking#*${tab}}"
}`
}
