import { REQUIREMENTS, type RequirementId } from '../../catalog/requirements.ts'
import type { Answers, AnyProbe } from '../../core/fact.ts'
import { FactError } from '../../core/fact-error.ts'
import type { Finding } from '../../core/finding.ts'
import { requirement } from '../../core/requirement.ts'
import type { Resource } from '../../core/resource.ts'

export type Judgement = Omit<Finding, 'id' | 'accepted'>

/** What to look at for one requirement, and how to judge what was seen. Pure. */
export interface Rule {
  readonly id: RequirementId
  /** Tells apart several findings of one requirement, e.g. the folder of `disk-space`. */
  readonly of?: string
  readonly probes: readonly AnyProbe[]
  judge(answers: Answers): Judgement
}

/** A judgement of something the host does not let be seen: shown, and not in the way. */
export function undecided(evidence: string, threshold: string, fix: string): Judgement {
  return { met: false, severity: 'advised', evidence: `unknown: ${evidence}`, threshold, fix }
}

/**
 * The rule as a requirement of a host. `accept` holds ids (`disk-space:/var`, or `disk-space` for all of them) with the
 * operator's reasons; it changes how an unmet requirement counts, never what is reported of it.
 */
export function fromRule(rule: Rule, accept: Readonly<Record<string, string>>): Resource {
  const id = rule.of === undefined ? rule.id : `${rule.id}:${rule.of}`
  const { title } = REQUIREMENTS[rule.id]
  return requirement({
    id,
    title: rule.of === undefined ? title : `${title}: ${rule.of}`,
    probes: rule.probes,
    judge(answers) {
      const judgement = judged(rule, answers)
      const accepted = accept[id] ?? accept[rule.id]
      return judgement.met || accepted === undefined ? judgement : { ...judgement, accepted }
    },
  })
}

/** A look that failed for one requirement is a finding as well: it must not hide the others. */
function judged(rule: Rule, answers: Answers): Judgement {
  try {
    return rule.judge(answers)
  } catch (error) {
    if (!(error instanceof FactError)) throw error
    return {
      met: false,
      severity: 'required',
      evidence: `unknown: ${error.message}`,
      threshold: 'can be looked at',
      fix: `look at it by hand; when it is right, write accept: {${rule.id}: why} in the inventory`,
    }
  }
}
