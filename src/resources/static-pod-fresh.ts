import type { Unknown } from '../core/decision.ts'
import type { Answers } from '../core/fact.ts'
import { type Key, type Resource, type ResourceOptions, type ResourceType, resource } from '../core/resource.ts'
import type { Step } from '../core/step.ts'
import { certificatesProbe } from '../facts/certificate.ts'
import { OWN_API_IS_READY, WITH_OWN_API } from '../facts/kube-ready.ts'
import { WITH_OUR_PATH } from '../facts/kubectl.ts'
import { STATIC_POD_PIDS, staticPodsProbe } from '../facts/static-pod.ts'
import { waitUntil } from './condition.ts'

export interface StaticPodWant {
  /** `kube-apiserver` */
  readonly name: string
  /** Files with certificates it read when it was started. */
  readonly files: readonly string[]
}

interface Have {
  readonly pid: number | undefined
  /** A file was written after it was started. */
  readonly stale: string | undefined
}

/** The host says its time in whole seconds. */
const TOLERANCE_SECONDS = 1
const LIMIT_SECONDS = 300

/**
 * A program of the control plane that runs with the certificates that are on disk: started after they were written, which its
 * process and the files tell. Its container is stopped, and the kubelet starts it again: no manifest is moved, so nothing has to
 * be put back when this is cut off.
 */
const staticPodType: ResourceType<StaticPodWant, Have> = {
  name: 'static-pod-fresh',
  key: ({ name }): Key => `static-pod:${name}`,
  paths: () => [],
  probes: () => [staticPodsProbe, certificatesProbe],
  // One that is restarted takes others with it: the step looks whether it still is the process that was seen.
  guards: () => [],
  observe: look,
  diff({ name }, { pid, stale }) {
    if (pid === undefined) return [{ what: '', from: 'not running', to: 'running' }]
    if (stale === undefined) return []
    return [
      {
        what: 'certificates',
        from: `started before ${stale} was written`,
        to: 'read again',
        disrupts: `restarts ${name}`,
      },
    ]
  },
  steps: (want, have) => (have.pid !== undefined && have.stale === undefined ? [] : [restart(want, have)]),
  evidence: (_want, { pid }) => `process ${pid}, started with what is on disk`,
}

export function staticPodFresh(want: StaticPodWant, options: ResourceOptions = {}): Resource {
  return resource(staticPodType, want, { title: want.name, ...options })
}

function look({ name, files }: StaticPodWant, answers: Answers): Have | Unknown {
  const [process] = answers
    .get(staticPodsProbe)
    .filter((each) => each.name === name)
    .toSorted((a, b) => a.startedSeconds - b.startedSeconds)
  if (!process) return { pid: undefined, stale: undefined }
  const newer = answers
    .get(certificatesProbe)
    .find(
      ({ path, writtenSeconds }) => files.includes(path) && writtenSeconds > process.startedSeconds + TOLERANCE_SECONDS,
    )
  return { pid: process.pid, stale: newer?.path }
}

function restart({ name }: StaticPodWant, { pid }: Have): Step {
  const stop = `if [ "$(static_pod_pids ${name} | head -n 1)" = ${pid} ]; then
  ids=$(crictl ps -q --name '^${name}$') || exit 1
  [ -z "$ids" ] || crictl stop --timeout 30 $ids >/dev/null || exit 1
fi
`
  const fresh = `{ now=$(static_pod_pids ${name} | head -n 1); [ -n "$now" ] && [ "$now" != "${pid ?? ''}" ] && ${OWN_API_IS_READY}; }`
  return {
    title: `restart ${name}`,
    body: `${WITH_OUR_PATH}
${WITH_OWN_API}
${STATIC_POD_PIDS}
${pid === undefined ? '' : stop}${waitUntil(fresh, LIMIT_SECONDS, `${name} started again, and the API server of this host is ready`)}`,
    timeoutMs: (LIMIT_SECONDS + 60) * 1000,
  }
}
