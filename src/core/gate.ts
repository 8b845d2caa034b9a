import type { Answers } from './fact.ts'
import type { HostPlan } from './plan.ts'

/**
 * Decides, once a host's plan is known, whether it is carried out; `exactly`: and that nothing is done beyond another plan,
 * whatever later looks show. A dry run is a gate that always says `stop`. `again`: something became known meanwhile that may
 * decide otherwise; it wants to see the plan made anew, of the same look.
 */
export type Gate = (
  plan: HostPlan,
  answers: Answers,
) => Promise<'act' | 'stop' | 'again' | { readonly exactly: HostPlan }>
