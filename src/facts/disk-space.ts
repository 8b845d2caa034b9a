import type { Fact } from '../core/fact.ts'
import { argv } from '../core/quote.ts'
import { RESOLVE_PATH } from './mount.ts'

export interface DiskSpace {
  /** The folder asked for, or the nearest one above it that exists, without links. */
  readonly folder: string
  /** Free for others than root. */
  readonly freeBytes: number
  readonly totalBytes: number
}

/** Space on the file system that holds a folder, which need not exist yet. Undefined when nothing answers. */
export const diskSpace: Fact<string, DiskSpace | undefined> = {
  name: 'disk-space',
  id: (path) => path,
  script: (paths) => `${RESOLVE_PATH}
set --
for path in ${argv(paths)}; do
resolve "$path"
set -- "$@" "$resolved"
done
end='
'
all="$end$(stat -f -c '%a %b %S %n' -- "$@" 2>/dev/null)$end"
for path in ${argv(paths)}; do
resolve "$path"
numbers=
case $all in *" $resolved$end"*) numbers=\${all%%" $resolved$end"*} numbers=\${numbers##*"$end"} ;; esac
printf '%s\\t%s\\t%s\\n' "$path" "$resolved" "$numbers"
done`,
  parse(lines) {
    const [folder = '', numbers = ''] = lines[0] ?? []
    const [free, total, unit] = numbers.split(' ').map(Number)
    if (!free && !total) return undefined
    return { folder, freeBytes: (free ?? 0) * (unit ?? 0), totalBytes: (total ?? 0) * (unit ?? 0) }
  },
}
