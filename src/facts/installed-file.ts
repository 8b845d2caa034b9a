import { createHash } from 'node:crypto'
import type { Fact, Line } from '../core/fact.ts'
import { FactError } from '../core/fact-error.ts'
import { argv, quote } from '../core/quote.ts'
import { STAMP_DIR } from './unit.ts'

export interface InstalledFileAsk {
  /** Absolute, without newline or backslash (sha256sum escapes those). */
  readonly path: string
}

export interface InstalledFile {
  readonly kind: 'file' | 'folder' | 'link' | 'other'
  /** Four octal digits, e.g. `0755`. */
  readonly mode: string
  readonly uid: number
  readonly gid: number
  /** Lower-case hex; only files have one. */
  readonly sha256?: string
  /** What the stamp says of a file that came out of an archive: of which, and what its digest was then. */
  readonly origin?: FileOrigin
}

export interface FileOrigin {
  /** Of the archive. */
  readonly archive: string
  readonly member: string
  /** Of the file as it was put there. */
  readonly sha256: string
}

const FILE_STAMP_DIR = `${STAMP_DIR}/files`

/** `stat` format of the fields a file cannot be changed without changing: size, inode, mtime, ctime. */
const SEAL = '%s\t%i\t%y\t%z'

/**
 * Big files. Reading 200 MB of binaries at every look would make a run that changes nothing as slow as the disk, so whoever
 * installs one stamps its digest together with size, inode, mtime and ctime, and a look trusts the digest while those are
 * the same (as git's index does). The kernel sets ctime at every write, chmod and rename; a program cannot set it.
 */
export const installedFileFact: Fact<InstalledFileAsk, InstalledFile | undefined> = {
  name: 'installed-file',
  id: ({ path }) => path,
  script: (asks) => {
    const pairs = asks.map(({ path }) => `${stampName(path)}${path}`)
    return `tab='\t' nl='
'
out=$(TZ=UTC0 stat -c ${quote(`%n\t%f\t%u\t%g\t${SEAL}`)} -- ${argv(asks.map(({ path }) => path))} 2>/dev/null)
set --
for pair in ${argv(pairs)}; do
  path=/\${pair#*/}
  case $nl$out$nl in *"$nl$path$tab"*) ;; *) continue ;; esac
  line=$nl$out
  line=\${line#*"$nl$path$tab"}
  line=\${line%%"$nl"*}
  mode=\${line%%"$tab"*} line=\${line#*"$tab"}
  uid=\${line%%"$tab"*} line=\${line#*"$tab"}
  gid=\${line%%"$tab"*} line=\${line#*"$tab"}
  printf '%s\\tfile\\t%s\\t%s\\t%s\\n' "$path" "$mode" "$uid" "$gid"
  case $mode in 8???) ;; *) continue ;; esac
  stamp='' origin=''
  stamped=${quote(FILE_STAMP_DIR)}/\${pair%%/*}
  [ ! -f "$stamped" ] || { IFS= read -r stamp; IFS= read -r origin; } <"$stamped"
  [ -z "$origin" ] || printf '%s\\torigin\\t%s\\t%s\\n' "$path" "$origin" "\${stamp%%"$tab"*}"
  if [ "\${stamp#*"$tab"}" = "$line" ]; then printf '%s\\tsha256\\t%s\\n' "$path" "\${stamp%%"$tab"*}"
  else set -- "$@" "$path"; fi
done
[ $# = 0 ] || sha256sum -- "$@" | while IFS= read -r line; do
  printf '%s\\tsha256\\t%s\\n' "\${line#*  }" "\${line%% *}"
done`
  },
  parse: (lines, { path }) => {
    const file = lines.find(([field]) => field === 'file')
    if (!file) return undefined
    const raw = Number.parseInt(file[1] ?? '', 16)
    if (Number.isNaN(raw))
      throw new FactError('installed-file', `stat printed ${JSON.stringify(file[1])} as the mode of ${path}`)
    const kind = KINDS.get(raw & 0o170000) ?? 'other'
    const sha256 = lines.find(([field]) => field === 'sha256')?.[1]
    if (kind === 'file' && !/^[0-9a-f]{64}$/.test(sha256 ?? ''))
      throw new FactError('installed-file', `${path} could not be read`)
    const base = {
      kind,
      mode: (raw & 0o7777).toString(8).padStart(4, '0'),
      uid: Number(file[2]),
      gid: Number(file[3]),
    } as const
    const origin = originOf(lines.find(([field]) => field === 'origin'))
    return { ...base, ...(sha256 === undefined ? {} : { sha256 }), ...(origin === undefined ? {} : { origin }) }
  },
}

function originOf([, archive, member, sha256]: Line = []): FileOrigin | undefined {
  if (archive === undefined || member === undefined || sha256 === undefined) return undefined
  return { archive, member, sha256 }
}

const KINDS: ReadonlyMap<number, InstalledFile['kind']> = new Map([
  [0o100000, 'file'],
  [0o040000, 'folder'],
  [0o120000, 'link'],
])

/** Shell that stamps a file just put in place; the last line of a step. `$sum`: the digest it was seen to have. */
export function stampInstalledFile(
  path: string,
  sha256: string | '$sum',
  origin?: Pick<FileOrigin, 'archive' | 'member'>,
): string {
  const stamp = installedFileStamp(path)
  const from = origin === undefined ? '' : `printf '%s\\t%s\\n' ${origin.archive} ${quote(origin.member)}; `
  return `mkdir -p ${quote(FILE_STAMP_DIR)} &&
seal=$(TZ=UTC0 stat -c ${quote(SEAL)} -- ${quote(path)}) &&
{ printf '%s\\t%s\\n' "${sha256}" "$seal"; ${from}} >${quote(`${stamp}.new`)} &&
mv -f ${quote(`${stamp}.new`)} ${quote(stamp)}`
}

/** Where the stamp of an installed file is. */
export function installedFileStamp(path: string): string {
  return `${FILE_STAMP_DIR}/${stampName(path)}`
}

function stampName(path: string): string {
  return createHash('sha256').update(path).digest('hex').slice(0, 40)
}
