import { ALONE, policyFindings } from '../cluster/proof/policy-findings.ts'
import { surveyBefore, surveyPolicies } from '../cluster/proof/policy-survey.ts'
import type { GroundMade } from '../cluster/proof/proof-ground-made.ts'
import type { Finding } from '../core/finding.ts'
import type { SurveyInput } from '../core/survey.ts'
import type { GroundSaid } from '../facts/proof-ground.ts'
import type { Host } from '../inventory/inventory.ts'

export interface PoliciesProvenInput extends SurveyInput {
  readonly made: GroundMade
  readonly said: GroundSaid
  /** Who enforces policies; undefined: nobody is known to. */
  readonly engine: string | undefined
  readonly hosts: readonly Host[]
  /** Where objects are made. */
  readonly first: string
}

/** Puts the pods of a proof under a policy, and tries what it allows and what it denies. */
export async function provePolicies(input: PoliciesProvenInput): Promise<ReadonlyMap<string, Finding>> {
  const { made, said, engine, hosts, first, sessions, signal } = input
  const here = new Set(sessions.map(({ host }) => host))
  const running = said.pods.filter((pod) => pod.running && pod.address !== '' && here.has(pod.node))
  const pods = new Map(running.map((pod) => [pod.node, pod]))
  if (pods.size < 2) return new Map([[[...pods.keys()][0] ?? first, ALONE]])
  const before = await surveyBefore({ ...input, pods })
  const trouble = await made.underPolicy(signal)
  if (trouble !== undefined) {
    const evidence = `the policy of the proof could not be made: ${trouble}`
    return new Map([[first, { ...ALONE, severity: 'required', evidence, fix: 'see why, then run provision prove' }]])
  }
  const ways = await surveyPolicies({ ...input, pods }, before)
  return policyFindings(ways, engine, new Map(hosts.map(({ name, accept }) => [name, accept])))
}
