import { type Fact, type Probe, probe } from '../core/fact.ts'
import { argv } from '../core/quote.ts'

export interface MarkedBlockAsk {
  readonly path: string
  /** Tells blocks of one file apart: letters, digits and dashes. */
  readonly name: string
}

/** What a file has between our two marks. */
export interface MarkedBlock {
  /** Absent when the file has no such block. */
  readonly lines?: readonly string[]
  /** Why the marks make no sense: one is missing, or they are there twice. */
  readonly broken?: string
}

/** Lines of a shared file that are ours: one `sed` for each block, none where there is no file. */
export const markedBlock: Fact<MarkedBlockAsk, MarkedBlock> = {
  name: 'marked-block',
  id: ({ path, name }) => `${path}#${name}`,
  script: (asks) => `see() {
  [ -f "$1" ] && [ ! -h "$1" ] || return 0
  sed -n "/^# BEGIN provision $2\\$/,/^# END provision $2\\$/p" "$1" | while IFS= read -r line; do
    printf '%s#%s\\t%s\\n' "$1" "$2" "$line"
  done
}
${asks.map(({ path, name }) => `see ${argv([path, name])}`).join('\n')}
:`,
  parse(lines, { name }) {
    const texts = lines.map((fields) => fields.join('\t'))
    if (texts.length === 0) return {}
    const { begin, end } = blockMarks(name)
    if (texts.filter((text) => text === begin).length > 1) return { broken: `"${begin}" is there more than once` }
    if (texts.at(-1) !== end) return { broken: `"${begin}" is never followed by "${end}"` }
    return { lines: texts.slice(1, -1) }
  },
}

export function markedBlockProbe(path: string, name: string): Probe<MarkedBlockAsk, MarkedBlock> {
  return probe(markedBlock, { path, name })
}

export function blockMarks(name: string): { readonly begin: string; readonly end: string } {
  return { begin: `# BEGIN provision ${name}`, end: `# END provision ${name}` }
}
