import { type Fact, type Line, type Probe, probe } from '../core/fact.ts'
import { FactError } from '../core/fact-error.ts'
import { argv } from '../core/quote.ts'

/** What is at a path, without following a link there. */
export type PathState = PathTrace & (Absent | Entry)

interface Absent {
  readonly kind: 'absent'
}

export interface Entry {
  readonly kind: 'file' | 'directory' | 'link' | 'other'
  /** Permission bits as four octal digits, e.g. `0644`. */
  readonly mode: string
  readonly owner: Identity
  readonly group: Identity
  /** Of a regular file. */
  readonly sizeBytes: number
  /** Of a link. */
  readonly target?: string
  /** Something is mounted exactly here, so no rename can replace it. */
  readonly mounted: boolean
}

export interface Identity {
  readonly id: number
  /** Absent when the host has no name for the id. */
  readonly name?: string
}

/** What else matters to somebody about to write here. */
interface PathTrace {
  /** Folders above that are links, or that others than root may change: with what they are. */
  readonly hazards: readonly Hazard[]
  /** A half-written version that an interrupted run left beside it. */
  readonly draft: boolean
}

export interface Hazard {
  readonly folder: string
  readonly kind: 'link' | 'foreign'
}

/**
 * What is at each path: one `stat` for all of them, the rest with what the shell itself can test.
 * Hazards print a line only where there is one, so a folder that is made first does not change what was seen.
 */
export const path: Fact<string, PathState> = {
  name: 'path',
  id: (ask) => ask,
  script: pathScript,
  parse: readPath,
  // Sizes of folders change with what is in them; those of files are covered by their content.
  volatile: ['size'],
}

export function pathProbe(ask: string): Probe<string, PathState> {
  return probe(path, ask)
}

/** Shell function: prints the lines of the paths it is given. */
export const SEE_PATHS = `see_paths() {
for path do
  folder=\${path%/*}
  [ ! -h "$path" ] || printf '%s\\tlink\\t%s\\n' "$path" "$(readlink -n -- "$path" | base64 -w 0)"
  [ ! -e "$folder/.\${path##*/}.provision" ] || printf '%s\\tdraft\\n' "$path"
  while [ -n "$folder" ]; do
    if [ -h "$folder" ]; then printf '%s\\thazard\\tlink\\t%s\\n' "$path" "$folder"
    elif [ -e "$folder" ] && [ ! -O "$folder" ]; then printf '%s\\thazard\\tforeign\\t%s\\n' "$path" "$folder"; fi
    folder=\${folder%/*}
  done
done
LC_ALL=C stat -c '%n\tmode\t%f\t%u\t%g\t%U\t%G\n%n\tsize\t%s' -- "$@" 2>/dev/null
all='
'
for path do all="$all$path
"; done
for point in $(cut -d ' ' -f 5 /proc/self/mountinfo 2>/dev/null); do
  case $all in *"
$point
"*) printf '%s\\tmount\\n' "$point" ;; esac
done
}`

/** Every path stands in it once, whatever is asked of it: looks at many files go over the wire each time. */
function pathScript(asks: readonly string[]): string {
  return `${SEE_PATHS}
see_paths ${argv(asks)}
:`
}

function readPath(lines: readonly Line[], ask: string): PathState {
  const of = (word: string) => lines.filter(([first]) => first === word)
  const trace: PathTrace = {
    hazards: of('hazard').map(([, kind, folder]) => ({
      folder: folder ?? '',
      kind: kind === 'link' ? 'link' : 'foreign',
    })),
    draft: of('draft').length > 0,
  }
  const [mode] = of('mode')
  if (!mode) return { ...trace, kind: 'absent' }
  const [, raw = '', uid = '', gid = '', owner = '', group = ''] = mode
  const bits = Number.parseInt(raw, 16)
  if (!Number.isInteger(bits) || !/^\d+$/.test(uid) || !/^\d+$/.test(gid))
    throw new FactError('path', `stat said ${JSON.stringify(mode.join(' '))} of ${ask}`)
  const target = of('link')[0]?.[1]
  return {
    ...trace,
    kind: kindOf(bits),
    mode: (bits & 0o7777).toString(8).padStart(4, '0'),
    owner: identity(uid, owner),
    group: identity(gid, group),
    sizeBytes: Number(of('size')[0]?.[1] ?? 0),
    ...(target === undefined ? {} : { target: Buffer.from(target, 'base64').toString() }),
    mounted: of('mount').length > 0,
  }
}

function kindOf(bits: number): Entry['kind'] {
  switch (bits & 0o170000) {
    case 0o100000:
      return 'file'
    case 0o040000:
      return 'directory'
    case 0o120000:
      return 'link'
    default:
      return 'other'
  }
}

function identity(id: string, name: string): Identity {
  return name === '' || name === 'UNKNOWN' ? { id: Number(id) } : { id: Number(id), name }
}
