import { type Fact, type Probe, probe } from '../core/fact.ts'
import { FactError } from '../core/fact-error.ts'
import { argv } from '../core/quote.ts'
import { type Content, type ContentAsk, content, SEE_CONTENT } from './content.ts'
import { type PathState, path, SEE_PATHS } from './path.ts'

/** What is at the end of a path, once every link in it has been followed. */
export interface LinkEnd {
  readonly path: string
  readonly at: PathState
  readonly content: Content
}

/** The real file behind a path that may be a link: the answers of `path` and `content` about where it leads. */
export const linkEnd: Fact<ContentAsk, LinkEnd> = {
  name: 'link-end',
  id: (ask) => content.id(ask),
  script: (asks) => `${SEE_PATHS}
${SEE_CONTENT}
see() {
  end=$(readlink -f -- "$2") || return 0
  printf '%s:%s\\tend\\t%s\\n' "$1" "$2" "$(printf '%s' "$end" | base64 -w 0)"
  case $end in *[[:cntrl:]]*) return 0 ;; esac
  { see_paths "$end"; see_content "$1" "$end"; } | while IFS= read -r line; do
    printf '%s:%s\\tseen\\t%s\\n' "$1" "$2" "$line"
  done
}
${asks.map(({ path, wanted }) => `see ${argv([wanted ?? '-', path])}`).join('\n')}
:`,
  parse(lines, ask) {
    const encoded = lines.find(([word]) => word === 'end')?.[1]
    if (encoded === undefined)
      throw new FactError('link-end', `${ask.path} leads nowhere: a folder on its way is missing`)
    const end = Buffer.from(encoded, 'base64').toString()
    const about = (id: string) =>
      lines.filter(([word, first]) => word === 'seen' && first === id).map((line) => line.slice(2))
    return {
      path: end,
      at: path.parse(about(end), end),
      content: content.parse(about(content.id({ ...ask, path: end })), { ...ask, path: end }),
    }
  },
  volatile: [],
}

export function linkEndProbe(ask: ContentAsk): Probe<ContentAsk, LinkEnd> {
  return probe(linkEnd, ask)
}
