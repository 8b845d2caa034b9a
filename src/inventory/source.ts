/** A text that problems can point into: the inventory file, or one `--set`. */
export class Source {
  /** What stands before the line number. */
  readonly file: string
  readonly text: string
  #starts: readonly number[] | undefined
  #shown: readonly string[] | undefined

  constructor(file: string, text: string) {
    this.file = file
    this.text = text
  }

  /** Line and column of an offset, both from 1; columns count characters as an editor does. */
  position(offset: number): { readonly line: number; readonly column: number } {
    this.#starts ??= lineStarts(this.text)
    const starts = this.#starts
    let low = 0
    let high = starts.length - 1
    while (low < high) {
      const middle = Math.ceil((low + high) / 2)
      if ((starts[middle] ?? 0) <= offset) low = middle
      else high = middle - 1
    }
    return { line: low + 1, column: [...this.text.slice(starts[low], offset)].length + 1 }
  }

  /** `inventory.yaml:12:5`. */
  where(offset: number): string {
    const { line, column } = this.position(offset)
    return `${this.file}:${line}:${column}`
  }

  /** A line as it may be shown: without control characters, and without what looks like a secret. */
  shownLine(line: number): string {
    this.#shown ??= withoutSecrets(this.text.split(/\r\n|\n|\r/))
    return visible(this.#shown[line - 1] ?? '')
  }
}

function lineStarts(text: string): number[] {
  const starts = [0]
  for (const match of text.matchAll(/\r\n|\n|\r/g)) starts.push(match.index + match[0].length)
  return starts
}

/** A key under which nobody should have written a value, in YAML or in a `--set`. */
const secretKey = /(?:pass(?:word|phrase|wd)|secret|token)["']?\s*[:=]/gi

/** Whether a key of the inventory is one for secrets. */
export function isSecretKey(key: string | number): boolean {
  return /(?:pass(?:word|phrase|wd)|secret|token)$/i.test(String(key))
}

/** Stands for what must not be shown. */
export const hidden = '‹hidden›'

/** References stay readable: `password: {env: NAME}`. Anything else behind a secret's key is hidden to its last line. */
export function withoutSecrets(lines: readonly string[]): string[] {
  let hiddenBelow = -1
  return lines.map((line) => {
    const indent = line.search(/\S/)
    if (hiddenBelow >= 0 && (indent < 0 || indent > hiddenBelow)) {
      return indent < 0 || /^\s*((env|file|command)\s*:|-\s)/.test(line) ? line : ' '.repeat(indent) + hidden
    }
    const shown = withoutSecret(line)
    hiddenBelow = shown === undefined ? -1 : indent
    return shown ?? line
  })
}

/** The line without the secret in it; nothing when no key of a secret is followed by a value here or below. */
function withoutSecret(line: string): string | undefined {
  for (const match of line.matchAll(secretKey)) {
    const end = match.index + match[0].length
    const value = line.slice(end)
    if (/^\s*\{\s*(env|file|command|secret)\s*:/.test(value)) continue
    return value.trim() === '' ? line : `${line.slice(0, end)}${/^\s*/.exec(value)?.[0] ?? ''}${hidden}`
  }
  return undefined
}

/** Control characters and what reorders text on a terminal become a visible mark of the same width. */
export function visible(text: string): string {
  return text.replace(/[\p{Cc}\p{Cf}\u2028\u2029]/gu, (character) => (character === '\t' ? ' ' : '␣'))
}
