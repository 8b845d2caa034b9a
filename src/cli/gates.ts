import { MovedError } from '../core/errors.ts'
import type { Gate } from '../core/gate.ts'
import type { Connect } from '../core/host.ts'
import { movesBetween } from '../core/move.ts'
import { type HostPlan, type Plan, pending } from '../core/plan.ts'

/** Looks, and changes nothing. */
export const lookOnly: Gate = async () => 'stop'

/** Acts on each host as soon as its plan is known. */
export const actAtOnce: Gate = async () => 'act'

/** Acts on hosts that are still as a saved plan saw them, and does what it shows; on the others nothing at all. */
export function asSaved(saved: Plan): Gate {
  const plans = new Map(saved.hosts.map((plan) => [plan.host, plan]))
  return async (now) => {
    const was = plans.get(now.host)
    if (!was) {
      throw new MovedError({
        what: `${now.host} is not in the saved plan`,
        where: now.host,
        fix: 'leave it out with --limit, or make a new plan with `up --dry-run --out FILE`',
      })
    }
    const moves = movesBetween(was, now)
    if (moves.length === 0) return { exactly: was }
    throw new MovedError({
      what: `${now.host} is no longer what the saved plan saw, so nothing was changed on it\n${moves.map(({ key, what }) => `${key} ${what}`).join('\n')}`,
      where: now.host,
      why: 'somebody, or another run, changed it since the plan was made',
      fix: 'make a new plan with `up --dry-run --out FILE` and look at it',
    })
  }
}

/** Waits until every host has a plan or has failed, and asks once for all of them. */
export class AskOnce {
  readonly #waiting: Set<string>
  readonly #plans: HostPlan[] = []
  readonly #answer = Promise.withResolvers<boolean>()
  readonly #ask: (plans: readonly HostPlan[]) => Promise<boolean>

  constructor(hosts: readonly string[], ask: (plans: readonly HostPlan[]) => Promise<boolean>) {
    this.#waiting = new Set(hosts)
    this.#ask = ask
  }

  readonly gate: Gate = async (plan) => {
    if (pending(plan).length > 0) this.#plans.push(plan)
    this.arrived(plan.host)
    // Where nothing is to be done there is nothing to ask.
    if (pending(plan).length === 0) return 'act'
    return (await this.#answer.promise) ? 'act' : 'stop'
  }

  /** A host has its plan, or will never have one. */
  arrived(host: string): void {
    if (!this.#waiting.delete(host) || this.#waiting.size > 0) return
    if (this.#plans.length === 0) this.#answer.resolve(true)
    else this.#ask(this.#plans).then(this.#answer.resolve, this.#answer.reject)
  }
}

/**
 * Keeps the number of hosts at work within `forks` although all of them must get as far as the question: a host that waits
 * for the answer gives its place to the next one.
 */
export class Turnstile {
  readonly #waiting: (() => void)[] = []
  readonly #inside = new Set<string>()
  readonly #forks: number

  constructor(forks: number) {
    this.#forks = forks
  }

  connect(connect: Connect): Connect {
    return async (host, signal) => {
      await this.#enter(host)
      return connect(host, signal)
    }
  }

  gate(gate: Gate): Gate {
    return async (plan, answers) => {
      this.leave(plan.host)
      const verdict = await gate(plan, answers)
      await this.#enter(plan.host)
      return verdict
    }
  }

  leave(host: string): void {
    if (this.#inside.delete(host)) this.#waiting.shift()?.()
  }

  async #enter(host: string): Promise<void> {
    while (this.#inside.size >= this.#forks) await new Promise<void>((resolve) => this.#waiting.push(resolve))
    this.#inside.add(host)
  }
}
