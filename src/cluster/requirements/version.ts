import type { Answers } from '../../core/fact.ts'
import type { Resource } from '../../core/resource.ts'
import { clusterConfigurationProbe, clusterVersionOf } from '../../facts/cluster-configuration.ts'
import { nodeOf, nodeProbe } from '../../facts/kube-node.ts'
import { kubeNodesProbe } from '../../facts/kube-nodes.ts'
import { kubeletProgramProbe } from '../../facts/kubelet-program.ts'
import type { Node } from '../node.ts'
import { judgePath, judgeVersion } from '../upgrade-path.ts'
import { fromRule, type Judgement, type Rule, undecided } from './rule.ts'

const NOTHING: Judgement = {
  met: true,
  severity: 'required',
  evidence: 'part of no cluster yet',
  threshold: 'the version of the inventory',
}

/**
 * For `up`: a node that runs keeps its version. The cluster is asked, which every run does anyway; the program itself only
 * where the API server does not answer. Cannot be accepted: there is `provision upgrade`.
 */
export function sameVersion({ name, inventory }: Node): Resource {
  const node = nodeProbe(name)
  const judge = (answers: Answers): Judgement => {
    const seen = answers.get(node)
    if (seen.state === 'none' || seen.state === 'absent') return NOTHING
    const running = seen.state === 'present' ? nodeOf(seen.object).kubeletVersion : answers.get(kubeletProgramProbe)
    if (!running) return NOTHING
    return judgeVersion(running, inventory.kubernetes.version, inventory.file)
  }
  return {
    ...fromRule({ id: 'cluster-version', probes: [node], judge }, {}),
    closer: (answers) => (answers.get(node).state === 'down' ? [kubeletProgramProbe] : []),
  }
}

/** For the first control plane of an upgrade: whether the cluster may go to the inventory's version in one go. */
export function upgradePath({ inventory }: Node): Resource {
  const rule: Rule = {
    id: 'upgrade-path',
    probes: [kubeNodesProbe, clusterConfigurationProbe],
    judge(answers) {
      const all = answers.get(kubeNodesProbe)
      const threshold = 'a cluster whose API server answers'
      if (all.state === 'none') return { ...notUp('no cluster', threshold), fix: 'make one first: provision up' }
      if (all.state === 'down') return notUp(`the API server does not answer: ${all.reason}`, threshold)
      const cluster = clusterVersionOf(answers.get(clusterConfigurationProbe))
      if (cluster === undefined) return notUp('the cluster has no ConfigMap kube-system/kubeadm-config', threshold)
      const kubelets = new Map(all.nodes.map((node) => [node.metadata.name, nodeOf(node).kubeletVersion]))
      return judgePath({ cluster, kubelets }, inventory.kubernetes.version)
    },
  }
  return fromRule(rule, {})
}

function notUp(evidence: string, threshold: string): Judgement {
  return {
    met: false,
    severity: 'required',
    evidence,
    threshold,
    fix: 'mend the cluster first: provision up, provision status',
  }
}

/** For every other node of an upgrade: its kubelet may go there too. */
export function nodeMayFollow({ name, inventory }: Node): Resource {
  const node = nodeProbe(name)
  const rule: Rule = {
    id: 'upgrade-path',
    probes: [node],
    judge(answers) {
      const seen = answers.get(node)
      if (seen.state !== 'present') return undecided('its Node cannot be read', 'a node of the cluster', 'provision up')
      const { kubeletVersion } = nodeOf(seen.object)
      return judgePath({ cluster: kubeletVersion, kubelets: new Map() }, inventory.kubernetes.version)
    },
  }
  return fromRule(rule, {})
}
