import { FactError } from '../core/fact-error.ts'

/** What can be told from answers, or nothing where the host did not give them. */
export function ifSeen<T>(ask: () => T): T | undefined {
  try {
    return ask()
  } catch (error) {
    if (error instanceof FactError) return undefined
    throw error
  }
}
