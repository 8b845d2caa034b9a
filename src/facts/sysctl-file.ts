import { type Fact, type Probe, probe } from '../core/fact.ts'
import { normalValue, sysctlPath } from './sysctl.ts'

/** One line of a file that sets kernel parameters at boot. */
export interface SysctlAssignment {
  readonly file: string
  /** As it is written there; may hold the wildcards `*` and `?`. */
  readonly key: string
  readonly value: string
}

/** All files read at boot, in the order in which they are read, with what they set. */
export interface SysctlFiles {
  /** Files in force: of those with the same name, only the one that counts. */
  readonly files: readonly string[]
  readonly assignments: readonly SysctlAssignment[]
}

/** Of two files with the same name the one in the earlier folder counts: sysctl.d(5). */
const FOLDERS = ['/etc/sysctl.d', '/run/sysctl.d', '/usr/local/lib/sysctl.d', '/usr/lib/sysctl.d', '/lib/sysctl.d']

/** What every file in sysctl.d sets: one grep. */
export const sysctlFile: Fact<'all', SysctlFiles> = {
  name: 'sysctl-file',
  id: (ask) => ask,
  script: () => {
    const globs = FOLDERS.map((folder) => `${folder}/*.conf`).join(' ')
    return `set --
for file in ${globs} /etc/sysctl.conf; do
  [ -e "$file" ] || continue
  printf 'all\\tfile\\t%s\\n' "$file"
  [ ! -f "$file" ] || set -- "$@" "$file"
done
[ $# = 0 ] || grep -H -s -E '^[[:space:]]*[^#;[:space:]][^=]*=' -- "$@" | while IFS= read -r line; do
  printf 'all\\tset\\t%s\\n' "$line"
done
:`
  },
  parse(lines) {
    const of = (word: string) => lines.filter(([first]) => first === word).map((line) => line.slice(1).join('\t'))
    const files = inForce(of('file'))
    const assignments = of('set').flatMap((line) => {
      const [, file, key, value] = /^(.*?\.conf):\s*-?\s*([^=]*?)\s*=(.*)$/.exec(line) ?? []
      return file === undefined || key === undefined || value === undefined
        ? []
        : [{ file, key, value: normalValue(value) }]
    })
    return {
      files,
      assignments: files.flatMap((file) => assignments.filter((assignment) => assignment.file === file)),
    }
  },
}

export const sysctlFileProbe: Probe<'all', SysctlFiles> = probe(sysctlFile, 'all')

/** `/etc/sysctl.conf` comes last: procps reads it after the folders, and Debian links it in as 99-sysctl.conf. */
function inForce(files: readonly string[]): readonly string[] {
  const byName = new Map<string, string>()
  for (const folder of FOLDERS)
    for (const file of files)
      if (file.startsWith(`${folder}/`)) {
        const name = file.slice(folder.length + 1)
        if (!byName.has(name)) byName.set(name, file)
      }
  const ordered = [...byName].sort(([a], [b]) => Buffer.compare(Buffer.from(a), Buffer.from(b))).map(([, file]) => file)
  return files.includes('/etc/sysctl.conf') ? [...ordered, '/etc/sysctl.conf'] : ordered
}

/** The last line that sets this key in a file read after `file`, when there is one. */
export function overridingAssignment(
  { files, assignments }: SysctlFiles,
  file: string,
  key: string,
): SysctlAssignment | undefined {
  const own = Buffer.from(nameOf(file))
  const later = files.filter(
    (other) => other === '/etc/sysctl.conf' || Buffer.compare(Buffer.from(nameOf(other)), own) > 0,
  )
  return assignments.findLast((assignment) => later.includes(assignment.file) && matches(assignment.key, key))
}

function nameOf(file: string): string {
  return file.slice(file.lastIndexOf('/') + 1)
}

function matches(pattern: string, key: string): boolean {
  const source = sysctlPath(pattern)
    .replaceAll(/[.+^${}()|[\]\\]/g, '\\$&')
    .replaceAll('*', '[^/]*')
    .replaceAll('?', '[^/]')
  return new RegExp(`^${source}$`).test(sysctlPath(key))
}
