import SSHConfig from 'ssh-config'
import { InputError } from '../core/errors.ts'
import { expandTokens, tokenValues } from './ssh-tokens.ts'
import type { HostKeyPolicy } from './target.ts'

/** What an alias is resolved against; all of it is passed in. */
export interface SshWorld {
  /** The operator's home, for `~` and `%d`. */
  readonly home: string
  readonly localUser: string
  /** SSH_AUTH_SOCK, when set. */
  readonly agent?: string
  /** Files to read in order; the first value of a keyword wins. E.g. `~/.ssh/config`, then `/etc/ssh/ssh_config`. */
  readonly configFiles: readonly string[]
  /** The text of each file a path or glob names, `~` already expanded. None for a missing one. */
  readonly read: (pattern: string) => readonly string[]
}

/** What `ssh NAME` would use, as far as we support it. */
export interface SshSettings {
  readonly name: string
  readonly address: string
  readonly port: number
  readonly user: string
  readonly identityFiles: readonly string[]
  readonly identitiesOnly: boolean
  readonly agent?: string
  readonly hostKeyPolicy: HostKeyPolicy
  readonly hostKeyAlias?: string
  readonly knownHostsFiles: readonly string[]
  readonly proxyCommand?: string
  readonly jumps: readonly SshSettings[]
  readonly keepAliveMs?: number
}

/** Values the caller has already, e.g. from the inventory or `user@host:port`; they win. */
export interface SshOverrides {
  readonly user?: string
  readonly port?: number
}

const MAX_HOPS = 8
const MAX_INCLUDES = 16
const DEFAULT_IDENTITIES = ['~/.ssh/id_ed25519', '~/.ssh/id_ecdsa', '~/.ssh/id_rsa']
const DEFAULT_KNOWN_HOSTS = ['~/.ssh/known_hosts', '/etc/ssh/ssh_known_hosts']

/** @throws InputError for a jump host that jumps through itself. */
export function resolveSshHost(alias: string, world: SshWorld, overrides: SshOverrides = {}): SshSettings {
  return resolve(alias, world, overrides, 0)
}

/** One hop as ProxyJump writes it: `[user@]host[:port]` or `ssh://…`. */
export function resolveJump(hop: string, world: SshWorld): SshSettings {
  return jump(hop, world, 0)
}

function resolve(alias: string, world: SshWorld, overrides: SshOverrides, depth: number): SshSettings {
  if (depth > MAX_HOPS) throw loop(alias)
  const found = lookUp(alias, world)
  const one = (key: string): string | undefined => found.get(key)?.[0]
  const user = overrides.user ?? one('user') ?? world.localUser
  const port = overrides.port ?? Number(one('port') ?? 22)
  const address = expandTokens(one('hostname') ?? alias, { '%': '%', h: alias })
  const values = tokenValues({ alias, address, port, user, home: world.home, localUser: world.localUser })
  const path = (text: string): string => expandTokens(text.replace(/^~(?=\/|$)/, world.home), values)
  const paths = (key: string, otherwise: readonly string[]): string[] =>
    (found.get(key) ?? otherwise).filter((text) => text.toLowerCase() !== 'none').map(path)
  const agent = agentOf(one('identityagent'), world, path)
  const alive = Number(one('serveraliveinterval') ?? 0)
  const hostKeyAlias = one('hostkeyalias')
  const way = wayOf(found)
  return {
    name: alias,
    address,
    port,
    user,
    identityFiles: paths('identityfile', DEFAULT_IDENTITIES),
    identitiesOnly: one('identitiesonly')?.toLowerCase() === 'yes',
    hostKeyPolicy: policyOf(one('stricthostkeychecking')),
    knownHostsFiles: [
      ...paths('userknownhostsfile', DEFAULT_KNOWN_HOSTS.slice(0, 1)),
      ...paths('globalknownhostsfile', DEFAULT_KNOWN_HOSTS.slice(1)),
    ],
    jumps: (way.jumps ?? []).flatMap((hop, index) => chain(hop, index === 0, world, depth + 1)),
    ...(agent === undefined ? {} : { agent }),
    ...(hostKeyAlias === undefined ? {} : { hostKeyAlias }),
    ...(way.command === undefined ? {} : { proxyCommand: expandTokens(way.command, values) }),
    ...(alive > 0 ? { keepAliveMs: alive * 1000 } : {}),
  }
}

/**
 * The first hop is reached by its own settings, through its own jump hosts too; the later ones through the hop before.
 */
function chain(hop: string, first: boolean, world: SshWorld, depth: number): SshSettings[] {
  const settings = jump(hop, world, depth)
  const { proxyCommand: _unused, ...direct } = settings
  return first ? [...settings.jumps, { ...settings, jumps: [] }] : [{ ...direct, jumps: [] }]
}

function jump(hop: string, world: SshWorld, depth: number): SshSettings {
  const match = /^(?:ssh:\/\/)?(?:([^@]+)@)?(\[[^\]]+\]|[^:]+)(?::(\d+))?$/.exec(hop)
  const [, user, host, port] = match ?? []
  if (host === undefined) {
    throw new InputError({
      what: `${JSON.stringify(hop)} is not a jump host`,
      why: 'ProxyJump takes [user@]host[:port], separated by commas',
      fix: 'correct ProxyJump',
    })
  }
  const name = host.replace(/^\[|\]$/g, '')
  return resolve(
    name,
    world,
    { ...(user === undefined ? {} : { user }), ...(port === undefined ? {} : { port: Number(port) }) },
    depth,
  )
}

/** ProxyJump and ProxyCommand exclude each other; the one written first counts. */
function wayOf(found: ReadonlyMap<string, readonly string[]>): { jumps?: string[]; command?: string } {
  const first = [...found.keys()].find((key) => key === 'proxyjump' || key === 'proxycommand')
  const value = first === undefined ? '' : (found.get(first) ?? []).join(' ').trim()
  if (first === undefined || value === '' || value.toLowerCase() === 'none') return {}
  return first === 'proxyjump' ? { jumps: value.split(/\s*,\s*/) } : { command: value }
}

function agentOf(setting: string | undefined, world: SshWorld, path: (text: string) => string): string | undefined {
  if (setting === undefined || setting === 'SSH_AUTH_SOCK' || setting === '$SSH_AUTH_SOCK') return world.agent
  return setting.toLowerCase() === 'none' ? undefined : path(setting)
}

/** `no` means "record new keys" here: a key that changed is refused whatever the file says. */
function policyOf(setting = 'ask'): HostKeyPolicy {
  const value = setting.toLowerCase()
  return value === 'yes' ? 'strict' : value === 'accept-new' || value === 'no' || value === 'off' ? 'accept-new' : 'ask'
}

/** Keyword in lower case to its values: the first one that applies, all of them for IdentityFile. */
function lookUp(alias: string, world: SshWorld): Map<string, readonly string[]> {
  const found = new Map<string, readonly string[]>()
  for (const file of world.configFiles) {
    for (const text of world.read(tilde(file, world))) {
      // `Match exec` would run commands just to look something up.
      const computed = withIncludes(SSHConfig.parse(text), world, 0).compute(alias, {
        ignoreCase: true,
        matchExec: false,
      })
      for (const [key, value] of Object.entries(computed)) {
        const values = (Array.isArray(value) ? value : [value]).map(String)
        const before = found.get(key)
        if (before === undefined) found.set(key, values)
        else if (key === 'identityfile') found.set(key, [...before, ...values])
      }
    }
  }
  return found
}

/**
 * Puts the lines of included files where the Include was; inside a Host section only those that stand before any Host
 * of theirs.
 */
function withIncludes(config: SSHConfig, world: SshWorld, depth: number): SSHConfig {
  const result = new SSHConfig()
  for (const line of config) {
    if ('config' in line) result.push({ ...line, config: withIncludes(line.config, world, depth) })
    else if ('param' in line && line.param.toLowerCase() === 'include' && depth < MAX_INCLUDES) {
      for (const pattern of wordsOf(line.value)) {
        const absolute = /^[~/]/.test(pattern) ? tilde(pattern, world) : `${world.home}/.ssh/${pattern}`
        for (const text of world.read(absolute)) result.push(...withIncludes(SSHConfig.parse(text), world, depth + 1))
      }
    } else result.push(line)
  }
  return result
}

function wordsOf(value: string | readonly { val: string }[]): string[] {
  return typeof value === 'string' ? value.split(/\s+/) : value.map(({ val }) => val)
}

const tilde = (path: string, world: SshWorld): string => path.replace(/^~(?=\/)/, world.home)

function loop(alias: string): InputError {
  return new InputError({
    what: `the jump hosts of ${alias} go in a circle, or are more than ${MAX_HOPS}`,
    where: '~/.ssh/config',
    fix: `look at ProxyJump there; \`ssh -G ${alias}\` shows what applies`,
  })
}
