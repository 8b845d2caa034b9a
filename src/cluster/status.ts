import { probe } from '../core/fact.ts'
import { requirement } from '../core/requirement.ts'
import type { Resource } from '../core/resource.ts'
import { bootProbe, newerKernel } from '../facts/boot.ts'
import { certificatesProbe } from '../facts/certificate.ts'
import { type DiskSpace, diskSpace } from '../facts/disk-space.ts'
import { etcdStatusProbe } from '../facts/etcd-status.ts'
import { nodeOf, nodeProbe } from '../facts/kube-node.ts'
import { kubeNodesProbe } from '../facts/kube-nodes.ts'
import { isToRun, kubePodsProbe } from '../facts/kube-pods.ts'
import { kubeReadyProbe } from '../facts/kube-ready.ts'
import { daysLeft, renewalOf } from './certificates.ts'
import { isControlPlane, type Node } from './node.ts'
import { clockRules } from './requirements/clock.ts'
import { fromRule } from './requirements/rule.ts'
import { verifySettings } from './requirements/settings.ts'
import { strangersFinding } from './strangers.ts'

export interface StatusLimits {
  /** A certificate with fewer days left is a reason to worry. */
  readonly certificateDays: number
  /** So is a file system with less than this left, in percent. The kubelet begins to evict pods below 10 and 15. */
  readonly freePercent: number
}

/** What `provision status` judges of a node. Everything is read; nothing is measured, and nothing left behind. */
export function statusOf(node: Node, limits: StatusLimits): readonly Resource[] {
  const settings = verifySettings(node, { measureAgain: false })
  return [
    ...(isControlPlane(node) ? [apiServer, etcd, pods, outsiders(node)] : []),
    nodeReady(node.name),
    certificates(limits, node.operatorClock),
    ...folders(node).map((folder) => disk(folder, limits)),
    reboot,
    ...clockRules(settings).map((rule) => fromRule(rule, settings.accept)),
  ]
}

const apiServer = requirement({
  id: 'api-server',
  title: 'API server',
  probes: [kubeReadyProbe],
  judge(answers) {
    const seen = answers.get(kubeReadyProbe)
    return {
      met: seen.state === 'ready',
      evidence:
        seen.state === 'ready' ? 'ready' : seen.state === 'none' ? 'there is none here' : `not ready: ${seen.reason}`,
      threshold: '/readyz of this host answers ok',
      severity: 'required',
      fix: 'look at it on the host: crictl ps -a --name kube-apiserver, crictl logs ID',
    }
  },
})

const etcd = requirement({
  id: 'etcd',
  title: 'etcd',
  probes: [etcdStatusProbe],
  judge(answers) {
    const seen = answers.get(etcdStatusProbe)
    const base = {
      threshold: 'it answers, and has a leader',
      severity: 'required',
      fix: 'look at it on the host: crictl ps -a --name etcd, crictl logs ID; most members must run',
    } as const
    if (!seen) return { ...base, met: false, evidence: 'it does not answer' }
    const size = `${(seen.databaseBytes / 1024 / 1024).toFixed(1)} MiB`
    const leader = seen.isLeader ? 'leader' : seen.hasLeader ? 'follower' : 'no leader'
    const members = seen.members === 1 ? 'the only member' : `one of ${seen.members} members`
    return { ...base, met: seen.hasLeader, evidence: `${seen.version}, ${leader}, ${members}, database ${size}` }
  },
})

/** Names of pods that are shown of many. */
const SHOWN = 3

const pods = requirement({
  id: 'pods',
  title: 'pods',
  probes: [kubePodsProbe],
  judge(answers) {
    const wanted = answers.get(kubePodsProbe).filter(isToRun)
    const bad = wanted.filter(({ ready }) => !ready)
    const names = bad.slice(0, SHOWN).map(({ name, phase }) => `${name} (${phase})`)
    const more = bad.length > SHOWN ? `, and ${bad.length - SHOWN} more` : ''
    return {
      met: bad.length === 0,
      evidence:
        bad.length === 0
          ? `all ${wanted.length} ready`
          : `${bad.length} of ${wanted.length} not ready: ${names.join(', ')}${more}`,
      threshold: 'every pod that is to run is ready',
      severity: 'advised',
      fix: 'kubectl describe pod shows what each waits for',
    }
  },
})

function outsiders(node: Node): Resource {
  return requirement({
    id: 'strangers',
    title: 'nodes outside the inventory',
    probes: [kubeNodesProbe],
    judge: (answers) => strangersFinding(node, answers.get(kubeNodesProbe)),
  })
}

/** Asked on the node itself: its kubelet may read its own Node. */
function nodeReady(name: string): Resource {
  const node = nodeProbe(name)
  return requirement({
    id: 'node',
    title: 'node',
    probes: [node],
    judge(answers) {
      const answer = answers.get(node)
      const base = {
        threshold: 'Ready',
        severity: 'required',
        fix: 'look at it on the host: journalctl -u kubelet -n 50',
      } as const
      if (answer.state === 'none')
        return { ...base, met: false, evidence: 'in no cluster', fix: 'provision up makes it a node' }
      if (answer.state === 'down')
        return { ...base, met: false, evidence: `the API server does not answer: ${answer.reason}` }
      if (answer.state === 'absent') return { ...base, met: false, evidence: 'the cluster has no such node' }
      const { ready, message, kubeletVersion, runtimeVersion } = nodeOf(answer.object)
      return {
        ...base,
        met: ready,
        evidence: ready ? `Ready, kubelet ${kubeletVersion}, ${runtimeVersion}` : `not Ready: ${message}`,
      }
    },
  })
}

function certificates({ certificateDays }: StatusLimits, nowMs: () => number): Resource {
  return requirement({
    id: 'certificates',
    title: 'certificates',
    probes: [certificatesProbe],
    judge(answers) {
      const all = answers.get(certificatesProbe).toSorted((a, b) => a.notAfterMs - b.notAfterMs)
      const [first] = all
      const base = { threshold: `${certificateDays} days left at least`, severity: 'required' } as const
      if (!first) return { ...base, met: false, evidence: 'there are none', fix: 'provision up makes it a node' }
      const late = all.filter((each) => daysLeft(each, nowMs()) < certificateDays)
      if (late.length === 0) {
        const evidence = `${all.length}, the first expires in ${daysLeft(first, nowMs())} days (${first.path})`
        return { ...base, met: true, evidence }
      }
      const names = late.map((each) => `${each.path} (${daysLeft(each, nowMs())} days)`)
      return { ...base, met: false, evidence: names.join(', '), fix: FIXES[renewalOf(first)] }
    },
  })
}

const FIXES = {
  kubeadm: 'provision certs renew',
  kubelet: 'the kubelet renews it by itself long before: look why not with journalctl -u kubelet',
  'by hand':
    'a certificate authority is not renewed by kubeadm: see "Manual Rotation of CA Certificates" in the Kubernetes documentation',
} as const

function folders({ host, inventory }: Node): readonly string[] {
  const all = ['/var/lib/kubelet', '/var/lib/containerd', '/var/log']
  return host.roles.includes('control-plane') ? [...all, inventory.kubernetes.etcd.dataDir] : all
}

function disk(folder: string, { freePercent }: StatusLimits): Resource {
  const space = probe(diskSpace, folder)
  return requirement({
    id: `disk-free:${folder}`,
    title: `free below ${folder}`,
    probes: [space],
    judge(answers) {
      const seen = answers.get(space)
      const base = {
        threshold: `${freePercent} % at least`,
        severity: 'required',
        fix: `see what fills it: du -xh --max-depth=2 ${folder} | sort -h | tail`,
      } as const
      if (!seen || seen.totalBytes === 0)
        return { ...base, severity: 'advised', met: false, evidence: 'unknown: stat says nothing' }
      const percent = percentFree(seen)
      return { ...base, met: percent >= freePercent, evidence: `${percent} % of ${gib(seen.totalBytes)}` }
    },
  })
}

function percentFree({ freeBytes, totalBytes }: DiskSpace): number {
  return Math.floor((100 * freeBytes) / totalBytes)
}

function gib(bytes: number): string {
  return `${(bytes / 1024 ** 3).toFixed(1)} GiB`
}

const reboot = requirement({
  id: 'reboot',
  title: 'restart due',
  probes: [bootProbe],
  judge(answers) {
    const seen = answers.get(bootProbe)
    const kernel = newerKernel(seen)
    const packages = seen.requiredBy && `packages ask for it: ${seen.requiredBy.join(', ') || 'they left no names'}`
    const reasons = [packages, kernel && `kernel ${kernel} is installed, ${seen.kernel} runs`].filter(Boolean)
    return {
      met: reasons.length === 0,
      evidence: reasons.length === 0 ? `no; kernel ${seen.kernel}` : reasons.join('; '),
      threshold: 'none',
      severity: 'advised',
      fix: 'drain the node and restart it when it suits you',
    }
  },
})
