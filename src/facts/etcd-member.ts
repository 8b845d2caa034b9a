import { type Fact, type Probe, probe } from '../core/fact.ts'
import { ETCD_KEPT, ETCD_MANIFEST } from './etcd-tools.ts'

/** Where manifests of static pods wait while these are stopped for a restore. */
export const STOPPED = '/etc/kubernetes/provision/stopped'

/** Says how far a restore has come on this host: `INTENT SHA256 PHASE`. */
export const RESTORE_STAMP = `${ETCD_KEPT}/restore`

/** In this order. `ready`: the cluster answers again. */
export const RESTORE_PHASES = ['prepared', 'stopped', 'started', 'ready'] as const
export type RestorePhase = (typeof RESTORE_PHASES)[number]

/** A member of etcd as its manifest has it, whether it runs or is stopped for a restore. */
export interface EtcdMember {
  readonly name: string
  /** `https://192.0.2.11:2380`. */
  readonly peerUrl: string
  readonly dataDir: string
  /** The restore that was begun or done here last. */
  readonly restore?: EtcdRestore
}

export interface EtcdRestore {
  /** Names one restore, which may take several runs. */
  readonly intent: string
  /** Of the snapshot. */
  readonly sha256: string
  readonly phase: RestorePhase
}

const FLAGS = ['name', 'initial-advertise-peer-urls', 'data-dir'] as const

/** Ask: `member`. Undefined where kubeadm made no etcd. */
const etcdMember: Fact<'member', EtcdMember | undefined> = {
  name: 'etcd-member',
  id: (ask) => ask,
  script: () => `for f in ${STOPPED}/etcd.yaml ${ETCD_MANIFEST}; do
  [ -r "$f" ] || continue
  sed -n 's/^ *- --\\(${FLAGS.join('\\|')}\\)=\\(.*\\)$/member\tflag\t\\1\t\\2/p' "$f"
  break
done
[ ! -r ${RESTORE_STAMP} ] || { read -r intent sum phase <${RESTORE_STAMP} && printf 'member\\trestore\\t%s\\t%s\\t%s\\n' "$intent" "$sum" "$phase"; }
:`,
  parse(lines) {
    const flag = (name: (typeof FLAGS)[number]) => lines.find(([word, key]) => word === 'flag' && key === name)?.[2]
    const [name, peerUrl, dataDir] = [flag('name'), flag('initial-advertise-peer-urls'), flag('data-dir')]
    if (name === undefined || peerUrl === undefined || dataDir === undefined) return undefined
    const [, intent = '', sha256 = '', word = ''] = lines.find(([first]) => first === 'restore') ?? []
    const phase = RESTORE_PHASES.find((each) => each === word)
    return { name, peerUrl, dataDir, ...(phase ? { restore: { intent, sha256, phase } } : {}) }
  },
}

export const etcdMemberProbe: Probe<'member', EtcdMember | undefined> = probe(etcdMember, 'member')
