import type { Finding } from '../../core/finding.ts'
import { isEnforced, type PolicyWay } from './policy-survey.ts'
import { DENIED_PORT, PROOF_PORT } from './proof-policy.ts'

const BASE = {
  id: 'pod-policies',
  severity: 'required',
  threshold: 'what a NetworkPolicy allows passes, and what it denies does not',
} as const

/** Verdicts of policies, by the node whose pod sends; `engine` is who should enforce them. */
export function policyFindings(
  ways: readonly PolicyWay[],
  engine: string | undefined,
  accept: ReadonlyMap<string, Readonly<Record<string, string>>>,
): ReadonlyMap<string, Finding> {
  return new Map(
    ways.map((way) => {
      const finding = findingOf(way, engine)
      const reason = accept.get(way.from)?.[BASE.id]
      return [way.from, finding.met || reason === undefined ? finding : { ...finding, accepted: reason }] as const
    }),
  )
}

/** A pod reaches itself whatever policies say. */
export const ALONE: Finding = {
  ...BASE,
  severity: 'advised',
  met: false,
  evidence: 'not tried: only one node has a pod, and a pod reaches itself whatever policies say',
  fix: 'prove it where two nodes take part',
}

function findingOf(way: PolicyWay, engine: string | undefined): Finding {
  const { from, to, allowed, denied, before } = way
  const ends = `pods on ${from} → pods on ${to}`
  const evidence = `${ends}: tcp/${PROOF_PORT} is allowed: ${allowed}; tcp/${DENIED_PORT} is denied: ${denied}`
  if (isEnforced(way) && before !== 'reached') {
    const shown = `${evidence}; without a policy tcp/${DENIED_PORT} was ${before === 'untried' ? 'not tried' : `${before} too`}, so nothing is shown`
    return { ...BASE, met: false, evidence: shown, fix: `see what else stands between pods there, then run it again` }
  }
  if (isEnforced(way)) return { ...BASE, met: true, evidence }
  if (allowed === 'untried' || denied === 'untried')
    return { ...BASE, met: false, evidence, fix: 'mend what else is wrong there first, then run it again' }
  if (denied === 'reached') {
    const nobody = engine === undefined ? 'nobody enforces policies here' : `${engine} does not enforce it on ${to}`
    return { ...BASE, met: false, evidence: `${evidence}: nothing is denied; ${nobody}`, fix: deniedFix(engine, to) }
  }
  return {
    ...BASE,
    met: false,
    evidence,
    fix: `look at the rules for pods on ${to} (nft list ruleset, iptables-save), and at ${engine ?? 'who enforces policies there'}`,
  }
}

function deniedFix(engine: string | undefined, to: string): string {
  if (engine === undefined) return 'write network: {policyEngine: kube-router} in the inventory and run provision up'
  return `on ${to}: does ${engine} run, and what does it say? kubectl get pods -A -o wide --field-selector spec.nodeName=${to}`
}
