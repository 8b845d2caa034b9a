import type { Answers } from './fact.ts'
import type { Giver } from './giver.ts'
import { Value } from './value.ts'

/**
 * What one host makes and others wait for: a value that is there once a resource of that host is as wanted. It is read from
 * the look that showed it.
 */
export class Deferred<T> implements Giver {
  readonly value: Value<T>
  /** Resolves when somebody waits for it, or it is there. */
  readonly demanded: Promise<void>
  readonly #settle: PromiseWithResolvers<T>
  readonly #read: (answers: Answers) => T

  constructor(label: string, read: (answers: Answers) => T) {
    this.#settle = Promise.withResolvers<T>()
    this.#read = read
    const demand = Promise.withResolvers<void>()
    this.demanded = demand.promise
    this.value = new Value(
      label,
      () => {
        demand.resolve()
        return this.#settle.promise
      },
      this,
    )
  }

  give(answers: Answers): void {
    try {
      this.#settle.resolve(this.#read(answers))
    } catch (error) {
      this.#settle.reject(error)
    }
    this.#note()
  }

  withhold(why: Error): void {
    this.#settle.reject(why)
    this.#note()
  }

  /** The value is known from now on, whether somebody waits for it or not. */
  #note(): void {
    this.value.promise.catch(() => {})
  }
}
