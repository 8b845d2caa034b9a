/** Everything needed to reach one machine, resolved: no aliases, no tokens, no environment. */
export interface SshTarget {
  /** Name in the inventory, or in `~/.ssh/config` for a jump host; appears in messages. */
  readonly name: string
  readonly address: string
  readonly port: number
  readonly user: string
  /** Private key files, tried in this order. A missing file is skipped and named if nothing else lets us in. */
  readonly identityFiles: readonly string[]
  /** Offer only keys of `identityFiles`, also from the agent (`IdentitiesOnly`). */
  readonly identitiesOnly?: boolean
  /** Path of the agent's socket. */
  readonly agent?: string
  /** Asked at most once, and only when the host takes no key. */
  readonly password?: () => Promise<string>
  /** Asked when an encrypted key file is next in line. */
  readonly passphrase?: (file: string) => Promise<string>
  /** Pinned `SHA256:…` fingerprints. When there are any, nothing else is accepted and known_hosts is not read. */
  readonly hostKeys?: readonly string[]
  readonly hostKeyPolicy: HostKeyPolicy
  /** The name known_hosts is searched for instead of the address (`HostKeyAlias`). */
  readonly hostKeyAlias?: string
  /** Read in order; a new key is added to the first. */
  readonly knownHostsFiles: readonly string[]
  /** Command whose stdin and stdout are the connection: an argv, or a line for `sh -c 'exec …'`. */
  readonly proxyCommand?: string | readonly string[]
  /** Hosts to go through, first one first. */
  readonly jumps?: readonly SshTarget[]
  /** The host is asked for a sign of life this often. Default 15000. */
  readonly keepAliveMs?: number
  /** So many silent intervals are a lost link. Default 2, and one interval of grace. */
  readonly keepAliveCount?: number
  /** Replaces the limits for the key exchange and for the login. */
  readonly connectTimeoutMs?: number
  readonly become: Become
}

/** What to do with a host nobody has a key for. A changed key is refused whatever this says. */
export type HostKeyPolicy = 'strict' | 'ask' | 'accept-new'

export interface Become {
  /** `auto`: directly when we log in as root, else sudo. `none`: must log in as root. */
  readonly method: 'auto' | 'none' | 'sudo'
  /** For sudo; asked at most once for each session. */
  readonly password?: () => Promise<string>
}

/** Limits of the way in, in milliseconds. Each wait has one. */
export interface ConnectTimeouts {
  readonly tcpMs: number
  readonly handshakeMs: number
  /** Without the time a person takes to answer a question. */
  readonly authMs: number
  readonly channelMs: number
}

export const CONNECT_TIMEOUTS: ConnectTimeouts = {
  tcpMs: 10_000,
  handshakeMs: 15_000,
  authMs: 20_000,
  channelMs: 15_000,
}

export const KEEP_ALIVE_MS = 15_000

export const KEEP_ALIVE_COUNT = 2

/** How messages call the machine: `lab1 (root@10.0.0.5:22)`. */
export function describe(target: Pick<SshTarget, 'name' | 'user' | 'address' | 'port'>): string {
  return `${target.name} (${target.user}@${target.address}:${target.port})`
}
