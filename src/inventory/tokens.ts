import { CST, Lexer } from 'yaml'
import type { Problem } from './problem.ts'
import type { Source } from './source.ts'

/** Limits that no inventory of a thousand hosts comes near. They keep the worst file an affair of a second. */
export const limits = {
  sizeBytes: 1024 * 1024,
  tokens: 150_000,
  depth: 32,
  /** Values after all aliases are written out. */
  values: 100_000,
} as const

const zeroWidth = new Set([CST.DOCUMENT, CST.FLOW_END, CST.SCALAR])

/**
 * Looks a text over before the parser builds anything of it: size, characters that have no business in it, nesting,
 * directives. The lexer is linear and does not recurse.
 */
export function findHostileText(source: Source): Problem | undefined {
  const { text } = source
  const at = (start: number, what: string, fix?: string): Problem => ({
    what,
    ...(fix === undefined ? {} : { fix }),
    spot: { source, start, end: start + 1 },
  })
  if (text.length > limits.sizeBytes) {
    return at(
      0,
      `the file has ${text.length} characters, more than an inventory may have (${limits.sizeBytes})`,
      'is this the right file?',
    )
  }
  const control = /[^\P{Cc}\t\n\r]|[\u2028\u2029\u202A-\u202E\u2066-\u2069\uFEFF\uFFFE\uFFFF]|\p{Cs}/u.exec(text)
  if (control) {
    const code = (control[0].codePointAt(0) ?? 0).toString(16).toUpperCase().padStart(4, '0')
    const name = code === '0000' ? 'a NUL character' : 'a character that cannot be seen'
    return at(
      control.index,
      `here is ${name} (U+${code})`,
      'delete it; in the middle of a text it could hide what is really written',
    )
  }
  return checkTokens(source, at)
}

function checkTokens(source: Source, at: (start: number, what: string, fix?: string) => Problem): Problem | undefined {
  let offset = 0
  let count = 0
  let flow = 0
  let inLine = 0
  let scalar = false
  for (const token of new Lexer().lex(source.text)) {
    const type = scalar ? 'scalar' : CST.tokenType(token)
    scalar = token === CST.SCALAR
    if (++count > limits.tokens)
      return at(offset, `the file is too long: more than ${limits.tokens} words and marks up to here`)
    if (type === 'newline') inLine = 0
    if (type === 'seq-item-ind' || type === 'explicit-key-ind') inLine++
    if (type === 'flow-map-start' || type === 'flow-seq-start') flow++
    if (type === 'flow-map-end' || type === 'flow-seq-end') flow--
    if (flow < 0)
      return at(offset, `"${token}" closes a bracket that was never opened`, 'delete it, or put the text in quotes')
    if (flow + inLine > limits.depth)
      return at(offset, `nested more than ${limits.depth} deep`, 'an inventory needs no more than ten levels')
    if (isUnclosed(type, token))
      return at(
        offset,
        `the closing ${token[0]} is missing: this text runs to the end of the file`,
        `write ${token[0]} where the text ends`,
      )
    if (type === 'directive-line')
      return at(offset, 'a line that begins with % changes how YAML is read', 'delete it: inventories are YAML 1.2')
    if (!zeroWidth.has(token)) offset += token.length
  }
  return undefined
}

function isUnclosed(type: string | null, token: string): boolean {
  if (type !== 'double-quoted-scalar' && type !== 'single-quoted-scalar') return false
  return token.length < 2 || !token.endsWith(token[0] ?? '')
}
