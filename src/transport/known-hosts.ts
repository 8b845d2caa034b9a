import { createHmac, randomBytes } from 'node:crypto'
import { keyType } from './host-key.ts'

/** One line of a known_hosts file. The format is that of sshd(8), "SSH_KNOWN_HOSTS FILE FORMAT". */
export interface KnownHost {
  readonly file: string
  readonly line: number
  readonly marker: '' | 'revoked' | 'cert-authority'
  /** The names as written: patterns, or one hashed name. */
  readonly names: string
  readonly type: string
  readonly key: Buffer
}

export type Verdict =
  | { readonly kind: 'known'; readonly entry: KnownHost }
  /** `authorities`: lines that would vouch for the host if certificates were supported. */
  | { readonly kind: 'unknown'; readonly authorities: readonly KnownHost[] }
  /** Other keys are recorded for this name. */
  | { readonly kind: 'changed'; readonly recorded: readonly KnownHost[] }
  | { readonly kind: 'revoked'; readonly entry: KnownHost }

/** Lines that cannot be read are skipped, as OpenSSH does: a broken line can only make a host unknown. */
export function parseKnownHosts(text: string, file: string): KnownHost[] {
  return text.split('\n').flatMap((line, index) => parseLine(line.trim(), file, index + 1))
}

function parseLine(text: string, file: string, line: number): KnownHost[] {
  if (text === '' || text.startsWith('#')) return []
  const words = text.split(/[ \t]+/)
  const marker = words[0]?.startsWith('@') ? words.shift() : ''
  const [names, type, base64] = words
  if (names === undefined || type === undefined || base64 === undefined) return []
  if (marker !== '' && marker !== '@revoked' && marker !== '@cert-authority') return []
  const key = Buffer.from(base64, 'base64')
  if (keyType(key) !== type) return []
  return [{ file, line, marker: marker.slice(1) as KnownHost['marker'], names, type, key }]
}

/** How known_hosts writes a host: `name`, or `[name]:port` for a port other than 22. */
export function knownHostsName(host: string, port: number): string {
  return port === 22 ? host.toLowerCase() : `[${host.toLowerCase()}]:${port}`
}

export function matchesName(names: string, name: string): boolean {
  if (names.startsWith('|')) return matchesHash(names, name)
  let matched = false
  for (const pattern of names.split(',')) {
    if (pattern.startsWith('!')) {
      // One negated match refuses the line, whatever else matches.
      if (matchesPattern(pattern.slice(1), name)) return false
    } else if (matchesPattern(pattern, name)) matched = true
  }
  return matched
}

/** `|1|salt|hash`: HMAC-SHA1 of the name, keyed with the salt. */
function matchesHash(names: string, name: string): boolean {
  const [, version, salt, hash] = names.split('|')
  if (version !== '1' || salt === undefined || hash === undefined) return false
  return hashOf(name, Buffer.from(salt, 'base64')).equals(Buffer.from(hash, 'base64'))
}

const hashOf = (name: string, salt: Uint8Array): Buffer => createHmac('sha1', salt).update(name).digest()

function matchesPattern(pattern: string, name: string): boolean {
  const source = [...pattern.toLowerCase()].map((c) =>
    c === '*' ? '.*' : c === '?' ? '.' : c.replace(/[\\^$.+()[\]{}|/-]/, '\\$&'),
  )
  return new RegExp(`^${source.join('')}$`, 's').test(name)
}

/** Key types recorded for a name; they decide what we offer. */
export function recordedTypes(entries: readonly KnownHost[], name: string): string[] {
  return entries.filter((entry) => entry.marker === '' && matchesName(entry.names, name)).map((entry) => entry.type)
}

/**
 * What known_hosts says about a key. A key of a type that is not recorded counts as changed too: the recorded types
 * were offered first, so a host that still had its key would have shown it.
 */
export function judge(entries: readonly KnownHost[], name: string, key: Uint8Array): Verdict {
  const same = (entry: KnownHost): boolean => entry.key.equals(key)
  const mine = entries.filter((entry) => matchesName(entry.names, name))
  const revoked = mine.find((entry) => entry.marker === 'revoked' && same(entry))
  if (revoked !== undefined) return { kind: 'revoked', entry: revoked }
  const recorded = mine.filter((entry) => entry.marker === '')
  const known = recorded.find(same)
  if (known !== undefined) return { kind: 'known', entry: known }
  if (recorded.length > 0) return { kind: 'changed', recorded }
  return { kind: 'unknown', authorities: mine.filter((entry) => entry.marker === 'cert-authority') }
}

/** The line to add for a new key; hashed when the file hashes its names. */
export function knownHostsLine(entries: readonly KnownHost[], name: string, key: Uint8Array): string {
  const hashed = entries.some((entry) => entry.names.startsWith('|'))
  return `${hashed ? hashedName(name) : name} ${keyType(key)} ${Buffer.from(key).toString('base64')}\n`
}

export function hashedName(name: string, salt: Uint8Array = randomBytes(20)): string {
  return `|1|${Buffer.from(salt).toString('base64')}|${hashOf(name, salt).toString('base64')}`
}
