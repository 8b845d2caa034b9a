import { type Fact, probe } from '../core/fact.ts'

/** A program of the control plane that runs here, and since when. */
export interface StaticPod {
  /** `kube-apiserver`, `etcd`, … */
  readonly name: string
  readonly pid: number
  /** When it was started, in seconds since 1970 by the host's clock. */
  readonly startedSeconds: number
}

export const STATIC_PODS = ['etcd', 'kube-apiserver', 'kube-controller-manager', 'kube-scheduler'] as const

/** Field 22 of /proc/PID/stat counts these since boot (proc_pid_stat(5)); 100 on every Linux that containers run on. */
const TICKS_PER_SECOND = 100

/** Shell function `static_pod_pids NAME`. Names of processes are cut to 15 characters, so the first argument decides. */
export const STATIC_POD_PIDS = `static_pod_pids() {
  for comm in $(grep -l -x -F "$(printf '%.15s' "$1")" /proc/[0-9]*/comm 2>/dev/null); do
    case $(tr '\\0' '\\n' <"\${comm%/comm}/cmdline" 2>/dev/null | head -n 1) in
      "$1" | */"$1") comm=\${comm%/comm}; printf '%s\\n' "\${comm#/proc/}" ;;
    esac
  done
}`

/**
 * Programs of the control plane, from /proc: those that a manifest has. Ask: `all`.
 */
const staticPods: Fact<'all', readonly StaticPod[]> = {
  name: 'static-pods',
  id: (ask) => ask,
  script: () => `${STATIC_POD_PIDS}
printf 'all\\tnow\\t%s\\t%s\\n' "$(date +%s)" "$(cut -d ' ' -f 1 /proc/uptime)"
for name in ${STATIC_PODS.join(' ')}; do
  [ -e "/etc/kubernetes/manifests/$name.yaml" ] || continue
  for pid in $(static_pod_pids "$name"); do
    { IFS= read -r stat <"/proc/$pid/stat"; } 2>/dev/null || continue
    set -- \${stat##*) }
    [ $# -ge 20 ] || continue
    shift 19
    printf 'all\\tprocess\\t%s\\t%s\\t%s\\n' "$name" "$pid" "$1"
  done
done`,
  volatile: ['now'],
  parse(lines) {
    const [, now = '0', uptime = '0'] = lines.find(([field]) => field === 'now') ?? []
    const bootSeconds = Number(now) - Number(uptime)
    return lines
      .filter(([field]) => field === 'process')
      .map(([, name = '', pid = '', ticks = '']) => ({
        name,
        pid: Number(pid),
        startedSeconds: bootSeconds + Number(ticks) / TICKS_PER_SECOND,
      }))
  },
}

export const staticPodsProbe = probe(staticPods, 'all')
