import { type Fact, type Probe, probe } from '../core/fact.ts'
import { argv } from '../core/quote.ts'

/** A user account; absent when the host knows no such user. */
export interface Account {
  readonly uid: number
  readonly gid: number
  readonly home: string
  readonly shell: string
  /** Groups that list the user as a member. The user's own first group is only among them when it lists it too. */
  readonly groups: readonly string[]
  /** Nobody can log in with a password. Absent when that cannot be seen. */
  readonly locked?: boolean
  /** The home folder is there. */
  readonly atHome: boolean
}

/** Users by name: one `getent` each for accounts, groups and the state of their passwords, which are never printed. */
export const account: Fact<string, Account | undefined> = {
  name: 'account',
  id: (ask) => ask,
  script: (asks) => `getent passwd -- ${argv(asks)} 2>/dev/null | while IFS=: read -r name a uid gid a home shell; do
  here=no
  [ ! -d "$home" ] || here=yes
  printf '%s\\tuser\\t%s\\t%s\\t%s\\t%s\\t%s\\n' "$name" "$uid" "$gid" "$home" "$shell" "$here"
done
getent group 2>/dev/null | while IFS=: read -r group a gid members; do
  for name in ${argv(asks)}; do
    case ",$members," in *",$name,"*) printf '%s\\tgroup\\t%s\\n' "$name" "$group" ;; esac
  done
done
getent shadow -- ${argv(asks)} 2>/dev/null | while IFS=: read -r name secret a; do
  case $secret in '!'*|'*'*) state=locked ;; '') state=empty ;; *) state=set ;; esac
  printf '%s\\tpassword\\t%s\\n' "$name" "$state"
done
:`,
  parse(lines) {
    const user = lines.find(([word]) => word === 'user')
    if (!user) return undefined
    const [, uid, gid, home = '', shell = '', atHome] = user
    const password = lines.find(([word]) => word === 'password')?.[1]
    return {
      uid: Number(uid),
      gid: Number(gid),
      home,
      shell,
      atHome: atHome === 'yes',
      groups: lines.filter(([word]) => word === 'group').map(([, group]) => group ?? ''),
      ...(password === undefined ? {} : { locked: password === 'locked' }),
    }
  },
}

export function accountProbe(name: string): Probe<string, Account | undefined> {
  return probe(account, name)
}

/** Whether groups exist: one `getent`. */
export const group: Fact<string, boolean> = {
  name: 'group',
  id: (ask) => ask,
  script: (asks) => `getent group -- ${argv(asks)} 2>/dev/null | while IFS=: read -r name a; do
  printf '%s\\tgroup\\n' "$name"
done
:`,
  parse: (lines) => lines.length > 0,
}

export function groupProbe(name: string): Probe<string, boolean> {
  return probe(group, name)
}
