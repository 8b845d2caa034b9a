import { connect } from 'node:net'
import type { Duplex } from 'node:stream'
import { UnreachableError } from '../core/errors.ts'
import { ProxyCommand } from './proxy-command.ts'
import { describe, type SshTarget } from './target.ts'

/** An open way to the target's port, by the means its settings name. `forward` opens one from the previous hop. */
export async function openSocket(
  target: SshTarget,
  options: {
    readonly timeoutMs: number
    readonly signal: AbortSignal
    readonly forward?: (address: string, port: number) => Promise<Duplex>
  },
): Promise<Duplex> {
  if (options.forward !== undefined) return options.forward(target.address, target.port)
  if (target.proxyCommand !== undefined) return new ProxyCommand(target.proxyCommand)
  return openTcp(target, options.timeoutMs, options.signal)
}

async function openTcp(target: SshTarget, timeoutMs: number, signal: AbortSignal): Promise<Duplex> {
  const socket = connect({ host: target.address, port: target.port })
  // Nagle's algorithm would hold every small packet back for the peer's delayed ACK: 40 ms for each script.
  socket.setNoDelay(true)
  const deadline = AbortSignal.timeout(timeoutMs)
  const either = AbortSignal.any([deadline, signal])
  try {
    await new Promise<void>((resolve, reject) => {
      socket.once('connect', resolve).once('error', reject)
      either.addEventListener('abort', () => reject(either.reason), { once: true })
    })
    socket.removeAllListeners('error')
    return socket
  } catch (error) {
    socket.on('error', () => {}).destroy()
    signal.throwIfAborted()
    throw deadline.aborted ? silent(target, timeoutMs) : explained(target, error as NodeJS.ErrnoException)
  }
}

function silent(target: SshTarget, timeoutMs: number): UnreachableError {
  return new UnreachableError({
    what: `${describe(target)} does not answer: no TCP connection within ${timeoutMs / 1000} s`,
    where: target.name,
    why: 'the host is off, the address is wrong, or a firewall drops the packets',
    fix: `check address and port in the inventory; try: nc -vz ${target.address} ${target.port}`,
  })
}

const CAUSES: Readonly<Record<string, { why: string; fix: string }>> = {
  ECONNREFUSED: {
    why: 'the machine answers, but nothing listens on that port',
    fix: 'start sshd on the host, or correct the port in the inventory',
  },
  ENOTFOUND: { why: 'the name has no address', fix: 'correct the address in the inventory, or your DNS' },
  EAI_AGAIN: {
    why: 'the name server does not answer',
    fix: 'check your own network, or use an IP address in the inventory',
  },
  EHOSTUNREACH: {
    why: 'no way there from this machine, or the host is off',
    fix: 'check the address, your VPN and the route',
  },
  ENETUNREACH: { why: 'this machine has no route to that network', fix: 'check your VPN and the route' },
  ECONNRESET: {
    why: 'the host closed the connection at once',
    fix: 'look at the log of sshd on the host: journalctl -u ssh',
  },
}

function explained(target: SshTarget, error: NodeJS.ErrnoException): UnreachableError {
  const cause = CAUSES[error.code ?? '']
  const code = error.code ?? error.message
  return new UnreachableError(
    { what: `cannot reach ${describe(target)}: ${code}`, where: target.name, ...(cause ?? { why: error.message }) },
    { cause: error },
  )
}
