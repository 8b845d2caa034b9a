import type { Change } from '../core/change.ts'
import { InputError } from '../core/errors.ts'
import { quote } from '../core/quote.ts'
import { type Resource, type ResourceOptions, type ResourceType, resource } from '../core/resource.ts'
import type { Step } from '../core/step.ts'
import { type AuthorizedKeys, authorizedKeysProbe } from '../facts/authorized-keys.ts'
import { blobOf } from './blob.ts'
import { accountName } from './ownership.ts'

export interface AuthorizedKeysWant {
  readonly user: string
  /** Lines as in authorized_keys: options, type, key, comment. */
  readonly keys: readonly string[]
  /** No other key lets anybody in. Default false: others stay as they are. */
  readonly exclusive?: boolean
}

/** Keys that let somebody in as a user. A key that is there with other options or another comment is rewritten. */
export function authorizedKeys(want: AuthorizedKeysWant, options?: ResourceOptions): Resource {
  accountName('authorized keys', want.user)
  for (const key of want.keys)
    if (/[\0\n\r]/.test(key) || material(key) === undefined)
      throw new InputError({
        what: `${want.user}: ${JSON.stringify(key.slice(0, 60))} is not a public key`,
        fix: 'give one whole line of a .pub file, e.g. "ssh-ed25519 AAAA… name"',
      })
  if (want.exclusive && want.keys.length === 0)
    throw new InputError({ what: `${want.user}: an exclusive list without a key would lock everybody out` })
  return resource(authorizedKeysType, want, options)
}

export const authorizedKeysType: ResourceType<AuthorizedKeysWant, AuthorizedKeys> = {
  name: 'authorized-keys',
  key: ({ user }) => `authorized-keys:${user}`,
  // Only the host knows where somebody's home is; until it has said so, where it is by custom.
  paths: ({ user }, have) => [`${have?.home ?? (user === 'root' ? '/root' : `/home/${user}`)}/.ssh`],
  probes: ({ user }) => [authorizedKeysProbe(user)],
  observe({ user }, answers) {
    const have = answers.get(authorizedKeysProbe(user))
    if (!have) return { unknown: `there is no user ${user}` }
    return have.obstacle === undefined ? have : { unknown: `${user}: ${have.obstacle}: mend that by hand` }
  },
  diff(want, have): readonly Change[] {
    const before = have.lines ?? []
    const after = wantedLines(want, before)
    const changes: Change[] = []
    if (before.join('\n') !== after.join('\n'))
      changes.push({
        what: '',
        from: have.lines ? `${before.filter(isKey).length} keys` : 'absent',
        to: `${after.filter(isKey).length} keys`,
        text: { before: before.map((line) => `${line}\n`).join(''), after: after.map((line) => `${line}\n`).join('') },
      })
    if (have.lines && have.folderMode !== '0700')
      changes.push({ what: '~/.ssh', from: have.folderMode ?? '', to: '0700' })
    if (have.lines && have.fileMode !== '0600') changes.push({ what: 'mode', from: have.fileMode ?? '', to: '0600' })
    return changes
  },
  steps(want, have): readonly Step[] {
    if (authorizedKeysType.diff(want, have).length === 0) return []
    const text = wantedLines(want, have.lines ?? [])
      .map((line) => `${line}\n`)
      .join('')
    const blob = blobOf(`authorized_keys of ${want.user}`, text)
    // As the user, not as root: whatever the user has made of the folder, nothing but the user's own can come to harm.
    const inner = `umask 077
cd -- ${quote(have.home)} || exit
[ -d .ssh ] || mkdir .ssh || exit
chmod 0700 .ssh && cd .ssh || exit
rm -f -- .authorized_keys.provision
set -C
cat >.authorized_keys.provision || { rm -f -- .authorized_keys.provision; exit 1; }
set +C
sync .authorized_keys.provision 2>/dev/null || sync
mv -f -T -- .authorized_keys.provision authorized_keys`
    const body = `setpriv --reuid=${have.uid} --regid=${have.gid} --clear-groups sh -c ${quote(inner)} <"$(blob ${blob.sha256})" || exit
[ ! -e /sys/fs/selinux/enforce ] || ! command -v restorecon >/dev/null || restorecon -R -- ${quote(`${have.home}/.ssh`)}`
    return [{ title: `write the keys of ${want.user}`, body, blobs: [blob] }]
  },
  evidence: ({ keys }) => `${keys.length} keys`,
}

/** Ours where they are already, others kept unless the list is exclusive, new ones at the end. */
function wantedLines({ keys, exclusive }: AuthorizedKeysWant, have: readonly string[]): readonly string[] {
  if (exclusive) return keys
  const ours = new Map(keys.map((key) => [material(key), key]))
  const present = new Set(have.map(material))
  return [
    ...have.map((line) => (isKey(line) ? (ours.get(material(line)) ?? line) : line)),
    ...keys.filter((key) => !present.has(material(key))),
  ]
}

function isKey(line: string): boolean {
  return material(line) !== undefined
}

/** Type and key of a line, whatever options and comment are around them. */
function material(line: string): string | undefined {
  if (/^\s*(#|$)/.test(line)) return undefined
  return /(?:^|[\s,"])((?:ssh-|ecdsa-|sk-)[a-z0-9@.-]+\s+AAAA[A-Za-z0-9+/]+={0,3})(?:\s|$)/.exec(line)?.[1]
}
