/** Elements that have no end. */
const VOID = new Set(['meta', 'br', 'doctype'])
/** Elements whose content is no markup. */
const RAW = new Set(['style', 'script'])

const TAG = /<(\/?)!?([a-z][a-z0-9]*)((?: [a-z][a-z0-9-]*(?:="[^"<>]*")?)*)(\/?)>/iy
const ATTRIBUTE = / ([a-z][a-z0-9-]*)(?:="([^"]*)")?/gi

export type Attribute = readonly [element: string, name: string, value: string]

/**
 * Reads HTML far more strictly than a browser does: every attribute quoted, every element ended in order, no `<` or `>` in
 * text.
 */
export class MarkupTree {
  /** Every tag with the names of its attributes, in order: what the page is, whatever it says. */
  readonly skeleton: string[] = []
  readonly attributes: Attribute[] = []
  /** Text between tags, as written. */
  text = ''
  readonly #source: string
  readonly #open: string[] = []
  #at = 0

  /** @throws Error naming the place */
  constructor(source: string) {
    this.#source = source
    while (this.#at < source.length) {
      this.#readText()
      if (this.#at < source.length) this.#readTag()
    }
    if (this.#open.length > 0) this.#fail(`not ended: ${this.#open.join(', ')}`)
  }

  #readText(): void {
    const next = this.#source.indexOf('<', this.#at)
    const words = this.#source.slice(this.#at, next === -1 ? undefined : next)
    if (words.includes('>')) this.#fail('a bare >')
    this.text += words
    this.#at += words.length
  }

  #readTag(): void {
    TAG.lastIndex = this.#at
    const [whole = '', slash, name = '', rest = '', selfEnd] = TAG.exec(this.#source) ?? []
    if (whole === '') this.#fail('no tag')
    const element = name.toLowerCase()
    if (slash) {
      if (this.#open.pop() !== element) this.#fail(`</${element}> ends nothing`)
    } else {
      this.#begin(element, rest)
      if (!VOID.has(element) && !selfEnd) this.#open.push(element)
    }
    this.#at += whole.length
    if (!slash && RAW.has(element)) this.#at = this.#source.indexOf(`</${element}>`, this.#at)
  }

  #begin(element: string, rest: string): void {
    const found = [...rest.matchAll(ATTRIBUTE)].map(([, name = '', value = '']): Attribute => [element, name, value])
    this.attributes.push(...found)
    this.skeleton.push([element, ...found.map(([, name]) => name)].join(' '))
  }

  #fail(what: string): never {
    throw new Error(`${what} at ${this.#at}: ${this.#source.slice(Math.max(0, this.#at - 80), this.#at + 80)}`)
  }
}
