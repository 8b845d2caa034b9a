import { type Fact, type Line, type Probe, probe } from '../core/fact.ts'
import { argv } from '../core/quote.ts'

/** The keys that let somebody in as a user; absent when the host knows no such user. */
export interface AuthorizedKeys {
  readonly uid: number
  readonly gid: number
  readonly home: string
  /** Lines of ~/.ssh/authorized_keys as they are; none when there is no such file. */
  readonly lines?: readonly string[]
  /** Octal permission bits of ~/.ssh and of the file. */
  readonly folderMode?: string
  readonly fileMode?: string
  /** Why we would not write there: a link, or somebody else's. */
  readonly obstacle?: string
}

/** ~/.ssh/authorized_keys of users by name. Links are not followed: what is behind them may not be the user's. */
export const authorizedKeys: Fact<string, AuthorizedKeys | undefined> = {
  name: 'authorized-keys',
  id: (ask) => ask,
  script: (asks) => `getent passwd -- ${argv(asks)} 2>/dev/null | while IFS=: read -r name a uid gid a home a; do
  printf '%s\\tuser\\t%s\\t%s\\t%s\\n' "$name" "$uid" "$gid" "$home"
  for part in "$home/.ssh" "$home/.ssh/authorized_keys"; do
    if [ -h "$part" ]; then printf '%s\\tobstacle\\t%s is a link\\n' "$name" "$part"; continue 2; fi
    [ -e "$part" ] || continue 2
    LC_ALL=C stat -c "$name	mode	%u	%a" -- "$part"
  done
  [ -f "$part" ] || { printf '%s\\tobstacle\\t%s is not a file\\n' "$name" "$part"; continue; }
  printf '%s\\tkeys\\t%s\\n' "$name" "$(head -c 65536 <"$part" | base64 | tr -d '\\n')"
done
:`,
  parse: readKeys,
}

export function authorizedKeysProbe(user: string): Probe<string, AuthorizedKeys | undefined> {
  return probe(authorizedKeys, user)
}

function readKeys(lines: readonly Line[]): AuthorizedKeys | undefined {
  const user = lines.find(([word]) => word === 'user')
  if (!user) return undefined
  const [, uid = '', gid = '', home = ''] = user
  const [folder, file] = lines.filter(([word]) => word === 'mode')
  const keys = lines.find(([word]) => word === 'keys')?.[1]
  const foreign = [folder, file].find((entry) => entry && entry[1] !== uid)
  const found = lines.find(([word]) => word === 'obstacle')?.[1]
  const obstacle = found ?? (foreign ? `~/.ssh or what is in it belongs to number ${foreign[1]}` : undefined)
  return {
    uid: Number(uid),
    gid: Number(gid),
    home,
    ...(folder?.[2] === undefined ? {} : { folderMode: folder[2].padStart(4, '0') }),
    ...(file?.[2] === undefined ? {} : { fileMode: file[2].padStart(4, '0') }),
    ...(keys === undefined ? {} : { lines: textLines(Buffer.from(keys, 'base64').toString()) }),
    ...(obstacle === undefined ? {} : { obstacle }),
  }
}

function textLines(text: string): readonly string[] {
  return text
    .replace(/\n$/, '')
    .split('\n')
    .filter((line, i, all) => line !== '' || all.length > 1 || i > 0)
}
