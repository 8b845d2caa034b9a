import { type Fact, type Probe, probe } from '../core/fact.ts'
import { argv } from '../core/quote.ts'

export interface ContentAsk {
  readonly path: string
  /** Digest of what should be there. When something else is, and it is small, its text comes along. Never set for secrets. */
  readonly wanted?: string
}

/** Content of a regular file; both absent when there is none, or when it cannot be read. */
export interface Content {
  readonly sha256?: string
  /** Set when `wanted` was, the digest differs and there are at most 64 KiB. */
  readonly bytes?: Uint8Array
}

/** Bytes up to which the old content of a file is fetched for the plan's diff. */
const TEXT_LIMIT_BYTES = 65_536

/** Files a script handles at once: shells take time with the square of the number of their parameters. */
const BATCH = 100

/** Digests of regular files: one `sha256sum` for all. Links are not followed, special files not opened. */
export const content: Fact<ContentAsk, Content> = {
  name: 'content',
  id: ({ path, wanted }) => `${wanted ?? '-'}:${path}`,
  script: contentScript,
  parse(lines) {
    const field = (word: string) => lines.find(([first]) => first === word)?.[1]
    const sha256 = field('sha256')
    const bytes = field('bytes')
    return {
      ...(sha256 === undefined ? {} : { sha256 }),
      ...(bytes === undefined ? {} : { bytes: Buffer.from(bytes, 'base64') }),
    }
  },
}

export function contentProbe(ask: ContentAsk): Probe<ContentAsk, Content> {
  return probe(content, ask)
}

/**
 * Shell function: prints the lines of the pairs of wanted digest and path it is given. `sha256sum` leaves out what it cannot
 * read, so its lines are matched with the pairs by walking both in order.
 */
export const SEE_CONTENT = `see_content() {
{
left=$#
while [ $left != 0 ]; do
  path=$2 left=$((left - 2))
  shift 2
  [ ! -f "$path" ] || [ -h "$path" ] || set -- "$@" "$path"
done
[ $# = 0 ] || LC_ALL=C sha256sum -- "$@" 2>/dev/null
} | while IFS= read -r line; do
  sum=\${line%%  *} path=\${line#*  }
  while [ $# != 0 ] && [ "$2" != "$path" ]; do shift 2; done
  [ $# != 0 ] || break
  printf '%s:%s\\tsha256\\t%s\\n' "$1" "$path" "$sum"
  if [ "$1" != - ] && [ "$1" != "$sum" ] && [ "$(wc -c <"$path")" -le ${TEXT_LIMIT_BYTES} ]; then
    printf '%s:%s\\tbytes\\t%s\\n' "$1" "$path" "$(base64 -w 0 <"$path")"
  fi
  shift 2
done
}`

function contentScript(asks: readonly ContentAsk[]): string {
  const calls = batches(asks).map(
    (batch) => `see_content ${argv(batch.flatMap(({ path, wanted }) => [wanted ?? '-', path]))}`,
  )
  return [SEE_CONTENT, ...calls, ':'].join('\n')
}

function batches(asks: readonly ContentAsk[]): readonly (readonly ContentAsk[])[] {
  return Array.from({ length: Math.ceil(asks.length / BATCH) }, (_, i) => asks.slice(i * BATCH, (i + 1) * BATCH))
}
