import type { Document, YAMLError } from 'yaml'
import type { Problem } from './problem.ts'
import type { Source } from './source.ts'

/** What the parser's complaints mean to somebody who does not know YAML by heart. */
const meanings: Partial<Record<YAMLError['code'], readonly [what: string, fix: string]>> = {
  BAD_INDENT: [
    'this line is indented differently from the lines it belongs to',
    'lines of one list or map begin in the same column',
  ],
  TAB_AS_INDENT: ['this line is indented with a tab', 'indent with spaces, two for each level'],
  BLOCK_AS_IMPLICIT_KEY: ['a second "key:" on one line', 'put it on a line of its own, or the text in quotes'],
  MULTILINE_IMPLICIT_KEY: [
    'a key that goes over several lines: a colon is missing',
    'write "key: value", with a space after the colon',
  ],
  BLOCK_IN_FLOW: ['an indented list or map inside of { } or [ ]', 'close the bracket first'],
  BAD_SCALAR_START: ['a text cannot begin with this character', 'put the text in quotes'],
  BAD_DQ_ESCAPE: ['inside of "…" a backslash begins an escape that YAML does not know', "write it twice, or use '…'"],
  KEY_OVER_1024_CHARS: ['a key of more than 1024 characters', 'is a quote or a line break missing?'],
  MULTIPLE_DOCS: [
    'a second document begins here (---)',
    'an inventory is one document: put the second one into a file of its own',
  ],
  MULTIPLE_ANCHORS: ['two &names for one value', 'keep one'],
  MULTIPLE_TAGS: ['two !tags for one value', 'delete both'],
  BAD_ALIAS: ['an *alias without a name', 'put a text that begins with * in quotes'],
  RESOURCE_EXHAUSTION: ['nested too deeply', 'an inventory needs no more than ten levels'],
}

const shownSyntaxProblems = 5

/** One problem for each line with a complaint; the first few, because each error brings others after it. */
export function syntaxProblems(source: Source, document: Document.Parsed): readonly Problem[] {
  const lines = new Set<number>()
  const problems: Problem[] = []
  for (const error of [...document.errors, ...document.warnings]) {
    const line = source.lineOf(error.pos[0])
    if (lines.has(line)) continue
    lines.add(line)
    problems.push(syntaxProblem(source, error))
    if (problems.length === shownSyntaxProblems) break
  }
  return problems
}

function syntaxProblem(source: Source, error: YAMLError): Problem {
  const start = Math.min(error.pos[0], Math.max(0, source.text.length - 1))
  const [what, fix] = meanings[error.code] ??
    detail(error) ?? ['this is not YAML', 'look for an unfinished quote or bracket above']
  return { what, fix, spot: { source, start, end: Math.max(start + 1, error.pos[1]) } }
}

const details: readonly (readonly [RegExp, string, string])[] = [
  [/followed by map values/, 'a key without a colon', 'write "key: value", with a space after the colon'],
  [
    /end with a [}\]]/,
    'a bracket that is opened here or above is never closed',
    'write the closing bracket, or put the text in quotes',
  ],
  [
    /Missing , (?:or : )?between/,
    'a comma is missing between two entries',
    'separate the entries in { } and [ ] by commas',
  ],
  [
    /Missing space after :|separated from/,
    'a space is missing',
    'put a space after a colon, and before # of a comment',
  ],
  [/without - indicator/, 'this line stands in a list and has no dash', 'begin it with "- "'],
  [/Unexpected (?:empty item|,)/, 'a comma too many', 'delete it'],
  [
    /at node end|in collection|Unexpected/,
    'something that does not belong here',
    'is a comma, a colon or a line break missing before it? Or put the whole text in quotes',
  ],
]

function detail(error: YAMLError): readonly [what: string, fix: string] | undefined {
  const found = details.find(([pattern]) => pattern.test(error.message))
  return found && [found[1], found[2]]
}
