import { inert, inertLines } from '../sanitise.ts'

/** What may stand between pieces of markup. Strings are text, never tags. */
export type Piece = Markup | string | number | undefined | readonly Piece[]

/** HTML in which nothing is left that came from outside and could act. Only `html`, `textLines` and `trusted` make it. */
export class Markup {
  readonly source: string
  constructor(source: string) {
    this.source = source
  }
}

/** A template whose values are text: made inert, and escaped for element content as well as for quoted attributes. */
export function html(strings: TemplateStringsArray, ...pieces: readonly Piece[]): Markup {
  let source = strings[0] ?? ''
  for (const [i, piece] of pieces.entries()) source += sourceOf(piece) + (strings[i + 1] ?? '')
  return new Markup(source)
}

/** Text of many lines, for `<pre>`. */
export function textLines(text: string): Markup {
  return new Markup(escaped(inertLines(text).join('\n')))
}

/** Text of ours that is code: a style sheet, a script. */
export function trusted(source: string): Markup {
  return new Markup(source)
}

function sourceOf(piece: Piece): string {
  if (piece === undefined) return ''
  if (piece instanceof Markup) return piece.source
  if (typeof piece === 'string') return escaped(inert(piece))
  if (typeof piece === 'number') return String(piece)
  let source = ''
  for (const part of piece) source += sourceOf(part)
  return source
}

const ENTITIES: Readonly<Record<string, string>> = {
  '&': '&amp;',
  '<': '&lt;',
  '>': '&gt;',
  '"': '&quot;',
  "'": '&#39;',
  '`': '&#96;',
}

function escaped(text: string): string {
  return /[&<>"'`]/.test(text) ? text.replace(/[&<>"'`]/g, (character) => ENTITIES[character] ?? '') : text
}
