/** A fact could not be asked, or its answer could not be read. Makes the resources that need it `unknown`. */
export class FactError extends Error {
  readonly fact: string
  constructor(fact: string, reason: string) {
    super(`${fact}: ${reason}`)
    this.name = 'FactError'
    this.fact = fact
  }
}
