import type { Change } from '../core/change.ts'
import { type Resource, type ResourceOptions, type ResourceType, resource } from '../core/resource.ts'
import { KUBE_REMAINS, remainsProbe } from '../facts/kube-remains.ts'

/** Given to what runs in pods, to end by itself. */
const GRACE_SECONDS = 15
const LIMIT_SECONDS = 60

interface Have {
  readonly count: number
}

/** No process of a pod runs. The kubelet is stopped before: it would start them again. */
const podsGoneType: ResourceType<void, Have> = {
  name: 'pods-gone',
  key: () => 'pods:gone',
  paths: () => [],
  probes: () => [remainsProbe('pods')],
  guards: () => [],
  observe: (_want, answers) => ({ count: answers.get(remainsProbe('pods')).length }),
  diff: (_want, { count }): readonly Change[] =>
    count === 0
      ? []
      : [{ what: '', from: `${count} processes of pods`, to: 'none', disrupts: 'ends every pod on this host' }],
  steps: (_want, { count }) =>
    count === 0
      ? []
      : [{ title: 'end all pods of this host', body: SCRIPT, timeoutMs: (GRACE_SECONDS + LIMIT_SECONDS + 30) * 1000 }],
  evidence: () => 'no pod runs',
}

export function podsGone(options: ResourceOptions = {}): Resource {
  return resource(podsGoneType, undefined, { title: 'pods', ...options })
}

const SCRIPT = `${KUBE_REMAINS}
tell() { for pid in $(pod_pids); do kill -s "$1" "$pid" 2>/dev/null; done; }
wait_gone() {
  read -r now rest </proc/uptime
  deadline=$(( \${now%.*} + $1 ))
  while [ -n "$(pod_pids)" ]; do
    read -r now rest </proc/uptime
    [ "\${now%.*}" -lt "$deadline" ] || return 1
    sleep 0.2 2>/dev/null || sleep 1
  done
}
tell TERM
wait_gone ${GRACE_SECONDS} || { tell KILL; wait_gone ${LIMIT_SECONDS}; }
if [ -z "$(pod_pids)" ]; then
  # The kubelet's own slices, which nothing else would end.
  systemctl stop kubepods.slice >/dev/null 2>&1
  exit 0
fi
printf '%s\\n' 'processes of pods that cannot be ended; a restart of the machine ends them:' $(pod_pids)
exit 1`
