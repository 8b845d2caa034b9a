import { withoutSecrets } from './secret-mask.ts'

/** A text that problems can point into: the inventory file, or one `--set`. */
export class Source {
  /** What stands before the line number. */
  readonly file: string
  readonly text: string
  /** Order in which sources are reported. */
  readonly rank: number
  #starts: readonly number[] | undefined
  #shown: readonly string[] | undefined

  constructor(file: string, text: string, rank = 0) {
    this.file = file
    this.text = text
    this.rank = rank
  }

  /** Line and column of an offset, both from 1; columns count characters as an editor does. */
  position(offset: number): { readonly line: number; readonly column: number } {
    const line = this.lineOf(offset)
    return { line, column: [...this.text.slice(this.#starts?.[line - 1], offset)].length + 1 }
  }

  /** Line of an offset, from 1. Cheap, however long the line. */
  lineOf(offset: number): number {
    this.#starts ??= lineStarts(this.text)
    const starts = this.#starts
    let low = 0
    let high = starts.length - 1
    while (low < high) {
      const middle = Math.ceil((low + high) / 2)
      if ((starts[middle] ?? 0) <= offset) low = middle
      else high = middle - 1
    }
    return low + 1
  }

  /** `inventory.yaml:12:5`. */
  where(offset: number): string {
    const { line, column } = this.position(offset)
    return `${this.file}:${line}:${column}`
  }

  /** A line as it may be shown: without control characters, and without what looks like a secret. */
  shownLine(line: number): string {
    this.#shown ??= withoutSecrets(this.text.split(/\r?\n/))
    return visible(this.#shown[line - 1] ?? '')
  }
}

function lineStarts(text: string): number[] {
  const starts = [0]
  for (let end = text.indexOf('\n'); end >= 0; end = text.indexOf('\n', end + 1)) starts.push(end + 1)
  return starts
}

/** Control characters and what reorders text on a terminal become a visible mark of the same width. */
export function visible(text: string): string {
  return text.replace(/[\p{Cc}\p{Cf}\u2028\u2029]/gu, (character) => (character === '\t' ? ' ' : '␣'))
}

/** A text of the user's in quotes, short and harmless to a terminal. */
export function shown(text: string): string {
  const short = text.length > 60 ? `${text.slice(0, 57)}…` : text
  return JSON.stringify(short).replace(/[\p{Cc}\p{Cf}\u2028\u2029]/gu, '␣')
}
