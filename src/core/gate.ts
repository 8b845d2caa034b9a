import type { Answers } from './fact.ts'
import type { HostPlan } from './plan.ts'

/**
 * Decides, once a host's plan is known, whether it is carried out; `exactly`: and that nothing is done beyond another plan,
 * whatever later looks show. A dry run is a gate that always says `stop`.
 */
export type Gate = (plan: HostPlan, answers: Answers) => Promise<'act' | 'stop' | { readonly exactly: HostPlan }>
