import type { Change } from '../core/change.ts'
import { type Resource, type ResourceOptions, type ResourceType, resource } from '../core/resource.ts'
import { KUBE_REMAINS, remainsProbe } from '../facts/kube-remains.ts'

interface Have {
  readonly shims: number
  readonly mounts: number
}

/** What containerd leaves behind when it is stopped: shims, and what it and the kubelet mounted. */
const runtimeGoneType: ResourceType<void, Have> = {
  name: 'runtime-gone',
  key: () => 'runtime:gone',
  paths: () => [],
  probes: () => [remainsProbe('shims'), remainsProbe('mounts')],
  guards: () => [],
  observe: (_want, answers) => ({
    shims: answers.get(remainsProbe('shims')).length,
    mounts: answers.get(remainsProbe('mounts')).length,
  }),
  diff: (_want, { shims, mounts }): readonly Change[] => [
    ...(shims === 0 ? [] : [{ what: 'shims', from: String(shims), to: 'none' }]),
    ...(mounts === 0 ? [] : [{ what: 'mounts of pods', from: String(mounts), to: 'none' }]),
  ],
  steps: (want, have) =>
    runtimeGoneType.diff(want, have).length === 0
      ? []
      : [{ title: 'end shims and unmount what pods used', body: SCRIPT, timeoutMs: 180_000 }],
  evidence: () => 'no shims, no mounts',
}

export function runtimeGone(options: ResourceOptions = {}): Resource {
  return resource(runtimeGoneType, undefined, { title: 'what containers leave behind', ...options })
}

/** A server that does not answer must not keep its mount: what is busy is detached. */
const SCRIPT = `${KUBE_REMAINS}
for pid in $(shim_pids); do kill -s KILL "$pid" 2>/dev/null; done
tries=0
while [ -n "$(shim_pids)" ] && [ $tries -lt 50 ]; do tries=$((tries + 1)); sleep 0.2 2>/dev/null || sleep 1; done
kube_mounts | while IFS= read -r point; do
  point=$(printf '%b' "$(printf '%s' "$point" | sed 's/\\\\\\([0-7][0-7][0-7]\\)/\\\\0\\1/g')")
  umount -- "$point" 2>/dev/null || umount -l -- "$point"
done
for space in /run/netns/cni-*; do [ ! -e "$space" ] || rm -f -- "$space"; done
left=$(shim_pids; kube_mounts)
[ -z "$left" ] || { printf '%s\\n' 'still there:' "$left"; exit 1; }`
