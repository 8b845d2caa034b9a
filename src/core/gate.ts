import type { Answers } from './fact.ts'
import type { Finding } from './finding.ts'
import type { HostPlan } from './plan.ts'

/**
 * Decides, once a host's plan is known, whether it is carried out; `exactly`: and that nothing is done beyond another plan,
 * whatever later looks show. A dry run is a gate that always says `stop`. `again`: something became known meanwhile that may
 * decide otherwise; it wants to see the plan made anew, of the same look. `unfit`: the host is left alone for what only shows
 * when it is seen together with others.
 */
export type Gate = (plan: HostPlan, answers: Answers) => Promise<Verdict>

export type Verdict = 'act' | 'stop' | 'again' | { readonly exactly: HostPlan } | { readonly unfit: readonly Finding[] }
