import type { Answers } from './fact.ts'

/** What the engine holds of a `Deferred`: the end that is given to. */
export interface Giver {
  /** Its resource is as wanted. */
  give(answers: Answers): void
  /** It will not be made in this run. Means nothing once it is there. */
  withhold(why: Error): void
}
