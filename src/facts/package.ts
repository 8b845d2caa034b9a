import type { Fact } from '../core/fact.ts'
import { argv } from '../core/quote.ts'

export interface InstalledPackage {
  /** As the package manager writes it: Debian's version with its revision; `version-release` of an rpm, with `epoch:` if not 0. */
  readonly version: string
  /** Unpacked but not configured, or worse: cannot be relied on. Debian only. */
  readonly broken: boolean
  /** An upgrade of everything leaves it alone. */
  readonly held: boolean
}

/** Packages by name: one `dpkg-query` or one `rpm -q` for all; nothing for those that are not installed. */
export const packageFact: Fact<string, InstalledPackage | undefined> = {
  name: 'package',
  id: (name) => name,
  script: (names) => `tab='\t' nl='
'
if command -v apt-get >/dev/null 2>&1 && [ -f /var/lib/dpkg/status ]; then
  dpkg-query -W -f '\${Package}\\t\${db:Status-Status}\\t\${db:Status-Want}\\t\${Version}\\n' -- ${argv(names)} 2>/dev/null |
  while IFS=$tab read -r name status want version; do
    case $status in
      not-installed | config-files) continue ;;
      installed | triggers-*) state=installed ;;
      *) state=broken ;;
    esac
    [ "$want" = hold ] || want=''
    printf '%s\\t%s\\t%s\\t%s\\n' "$name" "$state" "$version" "$want"
  done
elif command -v rpm >/dev/null 2>&1; then
  locks=''
  [ ! -f ${LOCK_LIST} ] || locks=$(grep -v '^#' ${LOCK_LIST})
  rpm -q --qf '%{NAME}\\t%{EPOCHNUM}\\t%{VERSION}-%{RELEASE}\\n' -- ${argv(names)} 2>/dev/null |
  while IFS=$tab read -r name epoch version; do
    [ -n "$version" ] || continue
    case $epoch in 0 | '') whole=$version ;; *) whole=$epoch:$version ;; esac
    held=''
    case $nl$locks in *"$nl$name-$epoch:$version."* | *"$nl$name-$version."*) held=hold ;; esac
    printf '%s\\tinstalled\\t%s\\t%s\\n' "$name" "$whole" "$held"
  done
fi
:`,
  parse: (lines) => {
    const [state, version = '', want = ''] = lines[0] ?? []
    return state === undefined ? undefined : { version, broken: state === 'broken', held: want === 'hold' }
  },
}

/** Where dnf's versionlock plugin keeps what is held. */
const LOCK_LIST = '/etc/dnf/plugins/versionlock.list'
