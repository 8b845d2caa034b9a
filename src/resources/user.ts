import type { Change } from '../core/change.ts'
import { argv, quote, sh } from '../core/quote.ts'
import { type Resource, type ResourceOptions, type ResourceType, resource } from '../core/resource.ts'
import type { Step } from '../core/step.ts'
import { type Account, accountProbe, groupProbe } from '../facts/account.ts'
import { hostPath } from '../facts/host-path.ts'
import { accountName } from './ownership.ts'

export interface UserWant {
  readonly name: string
  /** Left to the host when not said. */
  readonly uid?: number
  /** Default `/bin/sh`. */
  readonly shell?: string
  /** Default `/home/NAME`. Made, with the host's usual first files, when it is not there. */
  readonly home?: string
  /** Groups the user must be in. Others it is in are left alone. They must exist. */
  readonly groups?: readonly string[]
  /** No password lets anybody in; keys still do. Default true. */
  readonly locked?: boolean
}

interface User {
  readonly name: string
  readonly uid?: number
  readonly shell: string
  readonly home: string
  readonly groups: readonly string[]
  readonly locked: boolean
}

/** A user account. */
export function user(want: UserWant, options?: ResourceOptions): Resource {
  const { uid } = want
  const name = accountName('user', want.name)
  return resource(
    userType,
    {
      name,
      shell: hostPath(want.shell ?? '/bin/sh'),
      home: hostPath(want.home ?? `/home/${name}`),
      groups: (want.groups ?? []).map((group) => accountName(`user ${name}`, group)),
      locked: want.locked ?? true,
      ...(uid === undefined ? {} : { uid }),
    },
    options,
  )
}

const ACCOUNT_FILES = ['/etc/passwd', '/etc/shadow', '/etc/group', '/etc/gshadow', '/etc/subuid', '/etc/subgid']

interface Have {
  readonly account: Account | undefined
}

export const userType: ResourceType<User, Have> = {
  name: 'user',
  key: ({ name }) => `user:${name}`,
  // shadow-utils keeps a copy of each of its files beside it.
  paths: ({ home }) => [...ACCOUNT_FILES.flatMap((path) => [path, `${path}-`]), home],
  probes: ({ name, groups }) => [accountProbe(name), ...groups.map(groupProbe)],
  observe({ name, uid, groups }, answers) {
    const account = answers.get(accountProbe(name))
    if (account && uid !== undefined && account.uid !== uid)
      return {
        unknown: `user ${name} has the number ${account.uid}, not ${uid}: files that belong to it would not follow`,
      }
    const missing = groups.filter((group) => !answers.get(groupProbe(group)))
    if (missing.length > 0)
      return { unknown: `user ${name} is to be in group ${missing.join(', ')}, which this host does not have` }
    return { account }
  },
  diff(want, { account }): readonly Change[] {
    if (!account) {
      const groups = want.groups.length === 0 ? '' : `, in ${want.groups.join(', ')}`
      return [{ what: '', from: 'absent', to: `${want.shell}, ${want.home}${groups}` }]
    }
    const changes: Change[] = []
    if (account.shell !== want.shell) changes.push({ what: 'shell', from: account.shell, to: want.shell })
    if (account.home !== want.home) changes.push({ what: 'home', from: account.home, to: want.home })
    else if (!account.atHome) changes.push({ what: 'home folder', from: 'absent', to: want.home })
    const missing = missingGroups(want, account)
    if (missing.length > 0)
      changes.push({
        what: 'groups',
        from: account.groups.join(', ') || 'none',
        to: [...account.groups, ...missing].join(', '),
      })
    if (account.locked !== undefined && account.locked !== want.locked && want.locked)
      changes.push({ what: 'password', from: 'may log in', to: 'locked' })
    return changes
  },
  steps(want, have): readonly Step[] {
    if (userType.diff(want, have).length === 0) return []
    const { account } = have
    const program = account ? changeProgram(want, account) : makeProgram(want)
    const body = [...(program ? [`${argv(program)} || exit`] : []), homeScript(want)].join('\n')
    return [{ title: `${account ? 'change' : 'make'} user ${want.name}`, body }]
  },
}

function makeProgram({ name, uid, home, shell, groups }: User): readonly string[] {
  const number = uid === undefined ? [] : ['--uid', String(uid)]
  const list = groups.length === 0 ? [] : ['--groups', groups.join(',')]
  return ['useradd', '--no-create-home', '--home-dir', home, '--shell', shell, ...number, ...list, name]
}

function changeProgram(want: User, account: Account): readonly string[] | undefined {
  const missing = missingGroups(want, account)
  const edits = [
    ...(account.shell === want.shell ? [] : ['--shell', want.shell]),
    ...(account.home === want.home ? [] : ['--home', want.home]),
    ...(missing.length === 0 ? [] : ['--append', '--groups', missing.join(',')]),
    ...(want.locked && account.locked === false ? ['--lock'] : []),
  ]
  return edits.length === 0 ? undefined : ['usermod', ...edits, want.name]
}

function missingGroups({ groups }: User, account: Account): readonly string[] {
  return groups.filter((group) => !account.groups.includes(group))
}

/** Made under another name first, so that a home that is there is whole. */
function homeScript({ name, home }: User): string {
  const draft = `${home}.provision`
  return `[ ! -d ${quote(home)} ] || exit 0
rm -rf -- ${quote(draft)}
mkdir -m 0700 -- ${quote(draft)} || exit
[ ! -d /etc/skel ] || cp -R -- /etc/skel/. ${quote(draft)} || exit
chmod -R u=rwX,go= -- ${quote(draft)} && ${sh`chown -R -h -- ${`${name}:`} ${draft}`} && mv -T -- ${quote(draft)} ${quote(home)}`
}
