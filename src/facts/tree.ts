import { type Fact, probe } from '../core/fact.ts'
import { FactError } from '../core/fact-error.ts'
import { argv } from '../core/quote.ts'

/** A folder that is to go with everything in it. */
export interface Tree {
  /** `file`: something that is no folder. */
  readonly kind: 'absent' | 'folder' | 'file'
  /** It is a link to a folder, or something is mounted exactly there: it can be emptied, and stays itself. */
  readonly stays: boolean
  readonly empty: boolean
}

export const treeFact: Fact<string, Tree> = {
  name: 'tree',
  id: (path) => path,
  script: (paths) => `mounts=$(cut -d ' ' -f 5 /proc/self/mountinfo 2>/dev/null) nl='
'
for path in ${argv(paths)}; do
  kind=absent stays=no empty=yes
  if [ -d "$path" ]; then kind=folder
  elif [ -e "$path" ] || [ -h "$path" ]; then kind=file; fi
  [ ! -h "$path" ] || [ $kind != folder ] || stays=yes
  case $nl$mounts$nl in *"$nl$path$nl"*) stays=yes ;; esac
  [ $kind != folder ] || [ -z "$(ls -A -- "$path/" | head -n 1)" ] || empty=no
  printf '%s\\ttree\\t%s\\t%s\\t%s\\n' "$path" $kind $stays $empty
done`,
  parse(lines, path) {
    const [, kind, stays, empty] = lines[0] ?? []
    if (kind !== 'absent' && kind !== 'folder' && kind !== 'file')
      throw new FactError('tree', `nothing was said of ${path}`)
    return { kind, stays: stays === 'yes', empty: empty === 'yes' }
  },
}

export function treeProbe(path: string) {
  return probe(treeFact, path)
}
