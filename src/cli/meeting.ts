import type { Answers } from '../core/fact.ts'
import type { Finding } from '../core/finding.ts'
import type { Gate } from '../core/gate.ts'
import type { Session } from '../core/host.ts'
import type { HostPlan } from '../core/plan.ts'

/** A host that was looked at and waits to be changed. */
export interface Present {
  readonly plan: HostPlan
  readonly answers: Answers
  readonly session: Session
}

/** What came of a meeting. */
export interface Judgement {
  /** Hosts that must be left alone, and for what. */
  readonly unfit: ReadonlyMap<string, readonly Finding[]>
  /** Something is known now that plans may depend on. */
  readonly isNews: boolean
}

/** Judges from all that could be seen. */
export type Judge = (present: ReadonlyMap<string, Present>) => Promise<Judgement>

/**
 * What only shows when all hosts are seen: here they wait for each other before any of them is changed. A host that failed
 * before it got here is not waited for.
 */
export class Meeting {
  readonly #awaited: Set<string>
  readonly #present = new Map<string, Present>()
  readonly #judgement = Promise.withResolvers<Judgement>()
  readonly #judge: Judge

  constructor(hosts: readonly string[], judge: Judge) {
    this.#awaited = new Set(hosts)
    this.#judge = judge
  }

  /** Goes on to `gate` with hosts that were not judged unfit, their plans made anew where there are news. */
  gate(gate: Gate, sessionOf: (host: string) => Session | undefined): Gate {
    return async (plan, answers) => {
      const session = sessionOf(plan.host)
      // Visited for the sake of others only, and after everybody met.
      if (!this.#awaited.has(plan.host) || !session) return gate(plan, answers)
      this.#present.set(plan.host, { plan, answers, session })
      this.arrived(plan.host)
      const { unfit, isNews } = await this.#judgement.promise
      const findings = unfit.get(plan.host)
      if (findings) return { unfit: findings }
      return isNews ? 'again' : gate(plan, answers)
    }
  }

  /** A host is here, or will never come. */
  arrived(host: string): void {
    if (!this.#awaited.delete(host) || this.#awaited.size > 0) return
    this.#judge(this.#present).then(this.#judgement.resolve, this.#judgement.reject)
  }
}
