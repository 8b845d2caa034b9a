import { requirement } from '../core/requirement.ts'
import type { Resource } from '../core/resource.ts'
import { nodeProbe } from '../facts/kube-node.ts'
import { resetStateProbe } from '../facts/reset-state.ts'
import type { Node } from './node.ts'

/** What keeps a machine from being reset: it is not our work, belongs to another cluster, or is still a node of a living one. */
export function resetGuard(node: Node, { refuseMember }: { readonly refuseMember: boolean }): readonly Resource[] {
  return [ownWork(node), ...(refuseMember ? [noMember(node)] : [])]
}

function ownWork({ inventory: { name: cluster, file } }: Node): Resource {
  return requirement({
    id: 'reset-own-work',
    title: 'made by provision',
    probes: [resetStateProbe],
    judge(answers) {
      const seen = answers.get(resetStateProbe)
      const base = { threshold: `a node of ${cluster}, made by provision`, severity: 'required' } as const
      if (!seen.ours && seen.kubernetes) {
        const fix = 'somebody else made a node of this machine: take that away with what made it (kubeadm reset)'
        return { ...base, met: false, evidence: 'it has Kubernetes, and provision did not install it', fix }
      }
      if (seen.cluster !== undefined && seen.cluster !== cluster) {
        const fix = `${file} is the inventory of ${cluster}: use that of ${seen.cluster}`
        return { ...base, met: false, evidence: `it is part of the cluster ${seen.cluster}`, fix }
      }
      return { ...base, met: true, evidence: seen.ours ? 'yes' : 'nothing of it is here' }
    },
  })
}

function noMember({ name, inventory: { file } }: Node): Resource {
  const node = nodeProbe(name)
  return requirement({
    id: 'reset-no-member',
    title: 'out of the cluster',
    probes: [node],
    judge(answers) {
      const isMember = answers.get(node).state === 'present'
      return {
        met: !isMember,
        evidence: isMember ? `the cluster goes on, and ${name} is still a node of it` : 'no living cluster has it',
        threshold: 'taken out of the cluster first, or the whole cluster reset',
        severity: 'required',
        fix: `provision remove ${file} ${name}`,
      }
    },
  })
}
