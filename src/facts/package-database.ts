import type { Fact } from '../core/fact.ts'

export type PackageFamily = 'apt' | 'dnf'

export interface PackageDatabase {
  /** Nothing when the host has neither. */
  readonly family: PackageFamily | undefined
  /** What an interrupted dpkg left: `NAME is half-configured`. apt refuses to do anything before it is put right. */
  readonly unfinished: readonly string[]
}

/** The package manager of a host and whether its last run came to an end. */
export const packageDatabase: Fact<undefined, PackageDatabase> = {
  name: 'package-database',
  // One resource puts it right for all the others.
  volatile: ['unfinished'],
  id: () => 'host',
  script: () => `tab='\t'
if command -v apt-get >/dev/null 2>&1 && [ -f /var/lib/dpkg/status ]; then
  printf 'host\\tfamily\\tapt\\n'
  for update in /var/lib/dpkg/updates/[0-9]*; do
    [ ! -e "$update" ] || { printf 'host\\tunfinished\\tdpkg was interrupted\\n'; break; }
  done
  dpkg-query -W -f '\${db:Status-Status}\\t\${Package}\\n' | grep -v -E '^(installed|config-files|not-installed|triggers-[a-z]*)'"$tab" |
  while IFS=$tab read -r status name; do printf 'host\\tunfinished\\t%s is %s\\n' "$name" "$status"; done
elif command -v dnf >/dev/null 2>&1; then
  printf 'host\\tfamily\\tdnf\\n'
fi
:`,
  parse: (lines) => {
    const family = lines.find(([field]) => field === 'family')?.[1]
    return {
      family: family === 'apt' || family === 'dnf' ? family : undefined,
      unfinished: lines.flatMap(([field, what]) => (field === 'unfinished' && what !== undefined ? [what] : [])),
    }
  },
}
