import type { Giver } from './giver.ts'

/**
 * Something a later step needs and an earlier one makes: a file that is still being compiled, a token another host hands
 * out. Until it is there, whatever needs it is planned as `known after <label>`.
 */
export class Value<T> {
  /** What is being made, as it stands in a plan: `bundle: kubelet`. */
  readonly label: string
  /** The resource that makes it, when one does. */
  readonly giver?: Giver
  #promise: Promise<T> | (() => Promise<T>)
  #state: { readonly value: T } | { readonly error: Error } | undefined

  /** With a function nothing is made before somebody waits for it. */
  constructor(label: string, promise: Promise<T> | (() => Promise<T>), giver?: Giver) {
    this.label = label
    if (giver) this.giver = giver
    this.#promise = promise
    if (typeof promise !== 'function') this.#settleWith(promise)
  }

  /** Settles when the value is there, or cannot be made. */
  get promise(): Promise<T> {
    if (typeof this.#promise === 'function') this.#settleWith(this.#promise())
    return this.#promise as Promise<T>
  }

  #settleWith(promise: Promise<T>): void {
    this.#promise = promise
    promise.then(
      (value) => {
        this.#state = { value }
      },
      (error: unknown) => {
        this.#state = { error: error instanceof Error ? error : new Error(String(error)) }
      },
    )
  }

  static of<T>(label: string, value: T): Value<T> {
    const known = new Value(label, Promise.resolve(value) as Promise<T>)
    known.#state = { value }
    return known
  }

  /** What is made from this one, known when it is, and no sooner asked for. */
  map<U>(make: (value: T) => U | Promise<U>): Value<U> {
    const later = async () => make(await this.promise)
    return new Value(this.label, typeof this.#promise === 'function' ? later : later(), this.giver)
  }

  /** What is made from several values, known when all of them are. */
  static all<T, U>(label: string, values: readonly Value<T>[], make: (all: readonly T[]) => U): Value<U> {
    if (values.every(({ known, error }) => known && error === undefined)) {
      return Value.of(label, make(values.map((value) => value.get())))
    }
    return new Value(label, Promise.all(values.map(({ promise }) => promise)).then(make))
  }

  get known(): boolean {
    return this.#state !== undefined
  }

  /** Why it could not be made, when it could not. */
  get error(): Error | undefined {
    return this.#state && 'error' in this.#state ? this.#state.error : undefined
  }

  /** The value. @throws the reason it could not be made; or Error when it is not known yet. */
  get(): T {
    if (!this.#state) throw new Error(`${this.label} is not known yet`)
    if ('error' in this.#state) throw this.#state.error
    return this.#state.value
  }
}
