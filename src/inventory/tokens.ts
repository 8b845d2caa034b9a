import { CST, Lexer } from 'yaml'
import type { Problem } from './problem.ts'
import type { Source } from './source.ts'

/** Limits that no inventory of a thousand hosts comes near. They keep the worst file an affair of a second. */
export const limits = {
  sizeBytes: 1024 * 1024,
  tokens: 150_000,
  depth: 32,
  anchors: 1000,
  /** Values after all aliases are written out. */
  values: 100_000,
} as const

const zeroWidth = new Set([CST.DOCUMENT, CST.FLOW_END, CST.SCALAR])

/**
 * Looks a text over before the parser builds anything of it: size, characters that have no business in it, nesting,
 * directives, tags. The lexer is linear and does not recurse.
 */
export function hostileText(source: Source): readonly Problem[] {
  const { text } = source
  const at: At = (start, what, fix) => ({
    what,
    ...(fix === undefined ? {} : { fix }),
    spot: { source, start, end: start + 1 },
  })
  if (text.length > limits.sizeBytes) {
    const what = `the file has ${text.length} characters, more than an inventory may have (${limits.sizeBytes})`
    return [at(0, what, 'is this the right file?')]
  }
  const control = /[^\P{Cc}\t\n\r]|[\u2028\u2029\u202A-\u202E\u2066-\u2069\uFEFF\uFFFE\uFFFF]|\p{Cs}/u.exec(text)
  if (control) {
    const code = (control[0].codePointAt(0) ?? 0).toString(16).toUpperCase().padStart(4, '0')
    const name = code === '0000' ? 'a NUL character' : 'a character that cannot be seen'
    return [at(control.index, `here is ${name} (U+${code})`, 'delete it: it could hide what is really written')]
  }
  return checkTokens(source, at)
}

type At = (start: number, what: string, fix?: string) => Problem

interface Nesting {
  /** Brackets that are open, and where. */
  readonly open: { readonly bracket: string; readonly offset: number }[]
  /** Dashes in this line: each is a level. */
  inLine: number
  anchors: number
}

function checkTokens(source: Source, at: At): readonly Problem[] {
  const nesting: Nesting = { open: [], inLine: 0, anchors: 0 }
  const tags: Problem[] = []
  let offset = 0
  let count = 0
  let scalar = false
  for (const token of new Lexer().lex(source.text)) {
    const type = scalar ? 'scalar' : CST.tokenType(token)
    scalar = token === CST.SCALAR
    const here: Here = { type, token, offset, at }
    const problem = ++count > limits.tokens ? tooLong(here) : (checkNesting(nesting, here) ?? checkToken(here))
    if (problem) return [problem]
    if (type === 'tag' && tags.length < shownTags)
      tags.push({ ...tagProblem, spot: { source, start: offset, end: offset + token.length } })
    if (!zeroWidth.has(token)) offset += token.length
  }
  const end = unclosed(nesting, at)
  return end ? [end] : tags
}

const shownTags = 5

const tagProblem = {
  what: 'a !tag, which has no meaning in an inventory',
  fix: 'delete it; a secret is written {env: NAME}, {file: PATH} or {command: [PROGRAM]}',
}

function tooLong({ offset, at }: Here): Problem {
  return at(
    offset,
    `the file is too long: more than ${limits.tokens} words and marks up to here`,
    'is this the right file?',
  )
}

interface Here {
  readonly type: string | null
  readonly token: string
  readonly offset: number
  readonly at: At
}

function checkNesting(nesting: Nesting, { type, token, offset, at }: Here): Problem | undefined {
  if (type === 'flow-error-end') return unclosed(nesting, at)
  if (type === 'flow-map-end' || type === 'flow-seq-end') {
    const last = nesting.open.pop()
    if (!last)
      return at(offset, `"${token}" closes a bracket that was never opened`, 'delete it, or put the text in quotes')
    return pairs[last.bracket] === token
      ? undefined
      : at(last.offset, `this ${last.bracket} is closed by ${token}`, `close it by ${pairs[last.bracket]}`)
  }
  if (type === 'anchor' && ++nesting.anchors > limits.anchors) {
    return at(offset, `more than ${limits.anchors} &names`, 'use groups instead')
  }
  if (type === 'newline') nesting.inLine = 0
  else if (type === 'seq-item-ind') nesting.inLine++
  else if (type === 'flow-map-start' || type === 'flow-seq-start') nesting.open.push({ bracket: token, offset })
  if (nesting.open.length + nesting.inLine <= limits.depth) return undefined
  return at(offset, `nested more than ${limits.depth} deep`, 'an inventory needs no more than ten levels')
}

const pairs: Readonly<Record<string, string>> = { '{': '}', '[': ']' }

function unclosed(nesting: Nesting, at: At): Problem | undefined {
  const last = nesting.open.at(-1)
  return (
    last &&
    at(
      last.offset,
      `this ${last.bracket} is never closed`,
      `write ${pairs[last.bracket]} where it ends; what stands between must be indented`,
    )
  )
}

function checkToken({ type, token, offset, at }: Here): Problem | undefined {
  if (type === 'explicit-key-ind') return at(offset, 'a ? begins a key of several lines', 'write "key: value"')
  if (type === 'directive-line')
    return at(offset, 'a line that begins with % changes how YAML is read', 'delete it: inventories are YAML 1.2')
  const isQuoted = type === 'double-quoted-scalar' || type === 'single-quoted-scalar'
  const [quote = ''] = token
  if (!isQuoted || (token.length > 1 && token.endsWith(quote))) return undefined
  return at(
    offset,
    `the closing ${quote} is missing: this text runs to the end of the file`,
    `write ${quote} where the text ends`,
  )
}
