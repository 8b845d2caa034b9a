import type { Fact } from '../core/fact.ts'
import { namedValues, SHOW_FIRST_LINE } from './first-line.ts'

export interface OsRelease {
  /** `debian`, `ubuntu`, `rocky`, …; empty without os-release. */
  readonly id: string
  readonly idLike: readonly string[]
  readonly version: string
  readonly prettyName: string
  /** Name of process 1. */
  readonly init: string
  /** systemd runs the machine (sd_booted(3)). */
  readonly systemd: boolean
  /** The first package manager found. */
  readonly packages: 'apt' | 'dnf' | undefined
}

/** Distribution, init and package manager. */
export const osRelease: Fact<undefined, OsRelease> = {
  name: 'os-release',
  id: () => 'host',
  script: () => `${SHOW_FIRST_LINE}
file=/etc/os-release
[ -r "$file" ] || file=/usr/lib/os-release
if [ -r "$file" ]; then
while IFS= read -r line || [ -n "$line" ]; do
case $line in ID=*|ID_LIKE=*|VERSION_ID=*|PRETTY_NAME=*) printf 'host\\t%s\\t%s\\n' "\${line%%=*}" "\${line#*=}" ;; esac
done <"$file"
fi
show host init /proc/1/comm
[ ! -d /run/systemd/system ] || printf 'host\\tsystemd\\tyes\\n'
if command -v apt-get >/dev/null; then printf 'host\\tpackages\\tapt\\n'
elif command -v dnf >/dev/null; then printf 'host\\tpackages\\tdnf\\n'; fi`,
  parse(lines) {
    const seen = namedValues(lines)
    const value = (name: string) => unquote(seen.get(name) ?? '')
    const packages = seen.get('packages')
    return {
      id: value('ID'),
      idLike: value('ID_LIKE')
        .split(' ')
        .filter((id) => id !== ''),
      version: value('VERSION_ID'),
      prettyName: value('PRETTY_NAME'),
      init: seen.get('init') ?? '',
      systemd: seen.get('systemd') === 'yes',
      packages: packages === 'apt' || packages === 'dnf' ? packages : undefined,
    }
  },
}

/** os-release(5): values are shell words, quoted or not. */
function unquote(text: string): string {
  const [, quotation, inner] = /^(["'])(.*)\1$/.exec(text) ?? []
  return quotation === undefined ? text : (inner ?? '').replace(/\\(["$`\\])/g, '$1')
}
