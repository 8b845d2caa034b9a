import { createHash } from 'node:crypto'
import type { Fact } from '../core/fact.ts'
import { argv, quote } from '../core/quote.ts'
import { STAMP_DIR } from './unit.ts'

export interface ArchiveAsk {
  /** Folder it was unpacked into, and the artifact's name: two archives may share a folder. */
  readonly destination: string
  readonly name: string
}

export interface ArchiveState {
  /** Digest of the archive that was unpacked last, and of how; absent when none was. */
  readonly unpacked?: { readonly sha256: string; readonly how: string }
  /** Members that are no longer what was unpacked. */
  readonly drift: readonly { readonly path: string; readonly what: 'absent' | 'content' | 'mode or owner' | 'kind' }[]
  readonly memberCount: number
}

/** One line for each member in the stamp: `stat` fields that cannot stay the same when the member changes, then its digest. */
export const MEMBER_FORMAT = '%n\t%f\t%u\t%g\t%s\t%i\t%y\t%z'

const ARCHIVE_STAMP_DIR = `${STAMP_DIR}/archives`

/** Stamp of an archive: `SHA256 TAB how`, then a line for each member. */
export function archiveStamp({ destination, name }: ArchiveAsk): string {
  const key = createHash('sha256').update(`${destination}\t${name}`).digest('hex').slice(0, 40)
  return `${ARCHIVE_STAMP_DIR}/${key}`
}

/**
 * What became of unpacked archives. One `stat` for all members of all archives; a member whose size, inode, mtime and ctime
 * are those of its stamp is the one that was unpacked (the kernel sets ctime, programs cannot); others are read again.
 */
export const archiveFact: Fact<ArchiveAsk, ArchiveState> = {
  name: 'archive',
  id: ({ destination, name }) => `${destination} ${name}`,
  script: (asks) => `tab='\t' nl='
'
${asks.map((ask) => `check ${argv([archiveFact.id(ask), archiveStamp(ask)])}`).reduce((all, call) => `${all}\n${call}`, CHECK)}
:`,
  parse: (lines) => {
    const unpacked = lines.find(([field]) => field === 'unpacked')
    const base = {
      drift: lines.flatMap(([field, what, path]) => {
        const known = DRIFTS.find((drift) => drift === what)
        return field === 'drift' && path !== undefined && known !== undefined ? [{ path, what: known }] : []
      }),
      memberCount: Number(lines.find(([field]) => field === 'members')?.[1] ?? 0),
    }
    const [, sha256, how] = unpacked ?? []
    return sha256 === undefined || how === undefined ? base : { ...base, unpacked: { sha256, how } }
  },
}

const DRIFTS = ['absent', 'content', 'mode or owner', 'kind'] as const

/** `check ID STAMP`: prints the lines of one archive. */
const CHECK = `check() {
  [ -f "$2" ] || return 0
  id=$1 stamp=$2 count=0
  set --
  while IFS= read -r line; do
    case $line in
      /*) set -- "$@" "\${line%%"$tab"*}" ;;
      *) printf '%s\\tunpacked\\t%s\\n' "$id" "$line" ;;
    esac
  done <"$stamp"
  printf '%s\\tmembers\\t%s\\n' "$id" $#
  [ $# != 0 ] || return 0
  now=$nl$(TZ=UTC0 stat -c ${quote(MEMBER_FORMAT)} -- "$@" 2>/dev/null)$nl
  while IFS= read -r line; do
    case $line in /*) ;; *) continue ;; esac
    sum=\${line##*"$tab"} seal=\${line%"$tab"*} path=\${line%%"$tab"*}
    case $now in *"$nl$seal$nl"*) continue ;; *"$nl$path$tab"*) ;; *) printf '%s\\tdrift\\tabsent\\t%s\\n' "$id" "$path"; continue ;; esac
    is=\${now#*"$nl$path$tab"}
    was=\${seal#*"$tab"}
    access "$is"; isaccess=$access
    access "$was"
    case \${is%%"$tab"*},\${was%%"$tab"*} in
      8???,8???) 
        if [ "$(sha256sum <"$path")" != "$sum  -" ]; then printf '%s\\tdrift\\tcontent\\t%s\\n' "$id" "$path"
        elif [ "$access" != "$isaccess" ]; then printf '%s\\tdrift\\tmode or owner\\t%s\\n' "$id" "$path"; fi
        ;;
      a???,a???) [ "$(readlink -- "$path" | sha256sum)" = "$sum  -" ] || printf '%s\\tdrift\\tcontent\\t%s\\n' "$id" "$path" ;;
      *) printf '%s\\tdrift\\tkind\\t%s\\n' "$id" "$path" ;;
    esac
  done <"$stamp"
}
access() { rest=\${1#*"$tab"*"$tab"*"$tab"}; access=\${1%"$tab$rest"}; }`
