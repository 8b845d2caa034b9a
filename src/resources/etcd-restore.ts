import type { Blob } from '../core/host.ts'
import { quote } from '../core/quote.ts'
import { type Key, type Resource, type ResourceOptions, type ResourceType, resource } from '../core/resource.ts'
import {
  type EtcdMember,
  etcdMemberProbe,
  RESTORE_PHASES,
  RESTORE_STAMP,
  type RestorePhase,
  STOPPED,
} from '../facts/etcd-member.ts'
import { ETCD_KEPT, ETCD_MANIFEST, WITH_ETCD_TOOLS } from '../facts/etcd-tools.ts'
import { OWN_API } from '../facts/kube-ready.ts'
import { kubectlPrelude, WITH_OUR_PATH } from '../facts/kubectl.ts'
import { STATIC_PODS } from '../facts/static-pod.ts'
import { waitUntil } from './condition.ts'

export interface EtcdRestoreWant {
  readonly phase: RestorePhase
  /** Names this restore: a run that goes on with one that was cut off has the same. */
  readonly intent: string
  readonly snapshot: Blob
  /** As the host itself has it. */
  readonly member: EtcdMember
  /** All members: `cp1=https://192.0.2.11:2380,…`. */
  readonly initialCluster: string
}

const STOP_SECONDS = 180
const READY_SECONDS = 600

/** Each phase can be begun from half of itself; the stamp is written last. */
const etcdRestoreType: ResourceType<EtcdRestoreWant, EtcdMember> = {
  name: 'etcd-restore',
  key: ({ phase }): Key => `etcd-restore:${phase}`,
  paths: ({ member }) => [member.dataDir, ETCD_KEPT, '/etc/kubernetes/manifests', STOPPED],
  probes: () => [etcdMemberProbe],
  observe: (_want, answers) => answers.get(etcdMemberProbe) ?? { unknown: 'this host runs no etcd that kubeadm made' },
  diff(want, have) {
    if (isThrough(want, have)) return []
    const [what, from, to, disrupts] = WORDS[want.phase]
    return [{ what, from, to, ...(disrupts === undefined ? {} : { disrupts }) }]
  },
  steps: (want, have) =>
    isThrough(want, have)
      ? []
      : [
          {
            title: TITLES[want.phase],
            body: `${SCRIPTS[want.phase](want)}
mkdir -p -m 0700 ${ETCD_KEPT} &&
printf '%s\\n' ${quote(`${want.intent} ${want.snapshot.sha256} ${want.phase}`)} >${RESTORE_STAMP}.new && mv ${RESTORE_STAMP}.new ${RESTORE_STAMP}`,
            ...(want.phase === 'prepared' ? { blobs: [want.snapshot] } : {}),
            timeoutMs: 900_000,
          },
        ],
  evidence: ({ phase }) => TITLES[phase],
}

export function etcdRestore(want: EtcdRestoreWant, options: ResourceOptions = {}): Resource {
  return resource(etcdRestoreType, want, { title: TITLES[want.phase], ...options })
}

function isThrough({ intent, phase, snapshot }: EtcdRestoreWant, { restore }: EtcdMember): boolean {
  if (restore?.intent !== intent || restore.sha256 !== snapshot.sha256) return false
  return RESTORE_PHASES.indexOf(restore.phase) >= RESTORE_PHASES.indexOf(phase)
}

const TITLES: Readonly<Record<RestorePhase, string>> = {
  prepared: 'make data of the snapshot',
  stopped: 'stop the control plane',
  started: 'put the data in its place, start the control plane',
  ready: 'wait until the API server is ready',
}

const WORDS: Readonly<Record<RestorePhase, readonly [what: string, from: string, to: string, disrupts?: string]>> = {
  prepared: ['new data', 'absent', 'made of the snapshot, beside the old'],
  stopped: ['control plane', 'running', 'stopped', 'stops etcd and the API server; pods that run go on'],
  started: [
    'data of etcd',
    'as it is',
    'as in the snapshot; the old is kept',
    'everything stored since the snapshot is gone',
  ],
  ready: ['API server', 'stopped', 'ready'],
}

const SCRIPTS: Readonly<Record<RestorePhase, (want: EtcdRestoreWant) => string>> = {
  prepared: prepare,
  stopped: stop,
  started: start,
  ready: () => `${WITH_OUR_PATH}
${kubectlPrelude(5)}
${OWN_API}
${waitUntil('[ "$(own_api /readyz 2>/dev/null)" = ok ]', READY_SECONDS, 'the API server of this host ready; see crictl ps -a and crictl logs')} || exit 1`,
}

/** Beside the data itself: to put it in its place costs nothing then. */
function folderOf({ member }: EtcdRestoreWant): string {
  return `${member.dataDir}/provision-restore`
}

/** Watchers must see that time has jumped: revisions go on far above any that was handed out, and the old ones count as compacted. */
function prepare(want: EtcdRestoreWant): string {
  const { snapshot, member, initialCluster } = want
  const fresh = quote(`${folderOf(want)}/new`)
  return `${WITH_ETCD_TOOLS}
manifest=${ETCD_MANIFEST}
[ -e "$manifest" ] || manifest=${STOPPED}/etcd.yaml
etcd_tools "$manifest" || exit 1
rm -rf ${fresh}
mkdir -p -m 0700 ${quote(folderOf(want))} || exit 1
etcdutl snapshot restore "$(blob ${snapshot.sha256})" --data-dir ${fresh} --name ${quote(member.name)} \\
  --initial-cluster ${quote(initialCluster)} --initial-cluster-token ${quote(`restored-${want.intent}`)} \\
  --initial-advertise-peer-urls ${quote(member.peerUrl)} --bump-revision 1000000000 --mark-compacted || exit 1
rm -f "$(blob ${snapshot.sha256})"
drop_tools`
}

/** The kubelet ends a static pod once its manifest is gone. */
function stop(_want: EtcdRestoreWant): string {
  return `${WITH_OUR_PATH}
mkdir -p -m 0700 ${STOPPED} || exit 1
for name in ${STATIC_PODS.join(' ')}; do
  [ ! -e "/etc/kubernetes/manifests/$name.yaml" ] || mv "/etc/kubernetes/manifests/$name.yaml" ${STOPPED}/ || exit 1
done
running() { crictl ps -q --name '^(${STATIC_PODS.join('|')})$' | grep -q .; }
${waitUntil('! running', STOP_SECONDS, 'etcd and the API server stopped; see crictl ps, and whether the kubelet runs')} || exit 1`
}

/** Nothing is deleted: what was there is kept under the name of this restore. */
function start(want: EtcdRestoreWant): string {
  const { member, intent } = want
  const aside = quote(`${folderOf(want)}/before-${intent}`)
  const [data, fresh] = [quote(`${member.dataDir}/member`), quote(`${folderOf(want)}/new/member`)]
  return `if [ -d ${fresh} ]; then
  if [ -d ${data} ]; then mkdir -p -m 0700 ${aside} && mv ${data} ${aside}/ || exit 1; fi
  mv ${fresh} ${data} || exit 1
fi
for name in ${STATIC_PODS.join(' ')}; do
  [ ! -e "${STOPPED}/$name.yaml" ] || mv "${STOPPED}/$name.yaml" /etc/kubernetes/manifests/ || exit 1
done
printf '%s\\n' ${quote(`the data before is kept in ${folderOf(want)}/before-${intent}`)}`
}
