import type { Duplex } from 'node:stream'
import { UnreachableError } from '../core/errors.ts'
import { ProxyCommand } from './proxy-command.ts'
import { describe, type SshTarget } from './target.ts'

export interface HandshakeFailure {
  readonly target: SshTarget
  readonly cause: Error & { code?: string | number; level?: string }
  readonly socket: Duplex
  /** The host is verified; it was the login that failed. */
  readonly authenticating: boolean
  /** What the host said instead of its SSH banner. */
  readonly greeting: string
}

/** The link broke before the host proved who it is; nothing was sent, so trying again is safe. */
export class HandshakeResetError extends UnreachableError {}

/** Why a connection that was opened did not become a session. */
export function explainHandshake({
  target,
  cause,
  socket,
  authenticating,
  greeting,
}: HandshakeFailure): UnreachableError {
  const host = describe(target)
  const where = target.name
  if (socket instanceof ProxyCommand) {
    const why = `the proxy command ended before the login: ${socket.note || cause.message}`
    return new UnreachableError(
      {
        what: `cannot reach ${host} through its proxy command`,
        where,
        why,
        fix: `run the command by hand: ${shown(target)}`,
      },
      { cause },
    )
  }
  if (/took longer than/.test(cause.message)) {
    const why = authenticating
      ? 'the host is overloaded, or a service it asks for logins (LDAP, DNS) does not answer'
      : 'what answers there is no SSH server, or it is overloaded'
    return new UnreachableError(
      {
        what: `${host} is too slow: ${cause.message}`,
        where,
        why,
        fix: `try: ssh -v -p ${target.port} ${target.user}@${target.address}`,
      },
      { cause },
    )
  }
  if (/no matching|handshake failed/i.test(cause.message)) {
    const why = 'host and provision have no algorithm in common; its sshd is very old or very strict'
    return new UnreachableError(
      {
        what: `cannot agree with ${host}: ${cause.message}`,
        where,
        why,
        fix: 'allow one of curve25519-sha256, ecdh-sha2-nistp256 and aes128-gcm@openssh.com, aes256-ctr in its sshd_config',
      },
      { cause },
    )
  }
  if (/^Not allowed at this time/.test(greeting)) {
    const why = 'its sshd is penalising this address after failed logins (PerSourcePenalties)'
    const fix = 'wait a minute and correct the credentials before trying again'
    return new UnreachableError({ what: `${host} turns this address away`, where, why, fix }, { cause })
  }
  if (greeting !== '' && !/^Exceeded MaxStartups/.test(greeting)) {
    const why = 'what answers at this port is no SSH server'
    const what = `${host} answers with ${JSON.stringify(greeting)} instead of an SSH banner`
    return new UnreachableError({ what, where, why, fix: 'check address and port in the inventory' }, { cause })
  }
  const reset = {
    what: `${host} closed the connection ${authenticating ? 'during the login' : 'before it proved who it is'}: ${cause.message}`,
    where,
    why: authenticating
      ? 'too many attempts (MaxAuthTries), or the account may not log in'
      : 'too many connections at once (MaxStartups), or a penalty for this address',
    fix: 'look at the log of sshd on the host: journalctl -u ssh',
  }
  return authenticating ? new UnreachableError(reset, { cause }) : new HandshakeResetError(reset, { cause })
}

function shown(target: SshTarget): string {
  const command = target.proxyCommand ?? ''
  return typeof command === 'string' ? command : command.join(' ')
}
