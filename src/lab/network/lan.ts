import { FailedError } from '../../core/errors.ts'
import type { InjectedFile } from '../disk/machine-disk.ts'
import { command, must } from '../local/command.ts'
import { type ProcessId, signalProcess } from '../local/process.ts'
import type { Driver } from '../machine.ts'
import { LAN, type Tap } from './addresses.ts'
import { cutPorts } from './cable.ts'
import { PLAIN_MTU } from './wire.ts'

const deadline = { deadlineMs: 20_000 } as const

/** Makes namespace and bridge, or completes what a killed run left. */
export async function ensureLan(namespace: string): Promise<void> {
  if (!(await lanExists(namespace))) await must(['ip', 'netns', 'add', namespace], deadline)
  await inside(namespace, 'link', 'set', 'lo', 'up')
  if (!(await linkExists(namespace, LAN.bridge))) {
    const own = ['address', LAN.bridgeHardwareAddress]
    await inside(namespace, 'link', 'add', LAN.bridge, ...own, 'type', 'bridge', 'forward_delay', '0')
  }
  await inside(namespace, 'link', 'set', LAN.bridge, 'mtu', String(PLAIN_MTU), 'up')
  await inside(namespace, 'address', 'replace', `${LAN.gateway}/${LAN.prefixLength}`, 'dev', LAN.bridge)
}

/** Makes the machine's port of the bridge and plugs it in, unless its cable was pulled. */
export async function ensureTap(namespace: string, tap: Tap, mtu: number): Promise<void> {
  if (!(await linkExists(namespace, tap.interface))) {
    await inside(namespace, 'tuntap', 'add', 'dev', tap.interface, 'mode', 'tap')
  }
  const plug = (await cutPorts(namespace)).has(tap.interface) ? [] : ['master', LAN.bridge]
  await inside(namespace, 'link', 'set', tap.interface, ...plug, 'mtu', String(mtu), 'up')
}

/** Ends everything that still runs in the namespace, then removes it with all its links. */
export async function removeLan(namespace: string): Promise<void> {
  if (!(await lanExists(namespace))) return
  await endProcesses(namespace)
  await must(['ip', 'netns', 'delete', namespace], deadline)
}

/** Only this lab's processes can be in its namespace, also those a killed run had no time to note down. */
async function endProcesses(namespace: string): Promise<void> {
  const until = Date.now() + deadline.deadlineMs
  for (let pids = await pidsIn(namespace); pids.length > 0; pids = await pidsIn(namespace)) {
    if (Date.now() > until) {
      throw new FailedError({ what: `processes ${pids.join(', ')} of the lab cannot be ended`, where: namespace })
    }
    await Promise.all(pids.map((pid) => signalProcess(pid, 'KILL')))
  }
}

async function pidsIn(namespace: string): Promise<ProcessId['pid'][]> {
  const text = await must(['ip', 'netns', 'pids', namespace], deadline)
  return text.split('\n').filter(Boolean).map(Number)
}

export async function lanExists(namespace: string): Promise<boolean> {
  const text = await must(['ip', 'netns', 'list'], deadline)
  return text.split('\n').some((line) => line.split(' ')[0] === namespace)
}

async function linkExists(namespace: string, name: string): Promise<boolean> {
  return (await command(['ip', '-n', namespace, 'link', 'show', 'dev', name], deadline)).code === 0
}

async function inside(namespace: string, ...args: string[]): Promise<void> {
  await must(['ip', '-n', namespace, ...args], deadline)
}

/** Runs a program in the namespace; it replaces `ip`, so the process is the program itself. */
export function insideArgv(namespace: string, argv: readonly string[]): string[] {
  return ['ip', 'netns', 'exec', namespace, ...argv]
}

/** A stream to the machine's sshd, usable as ssh's ProxyCommand. */
export function streamArgv(namespace: string, address: string): string[] {
  return insideArgv(namespace, ['nc', address, '22'])
}

/**
 * networkd's line for the MTU of a machine's card. A user-mode kernel gives its card a large one when it boots and a maximum
 * of 1500 ever after, to which networkd would bring it down.
 */
export function mtuLine(driver: Driver, mtu: number): string {
  return `${driver === 'uml' && mtu > PLAIN_MTU ? '#' : ''}MTUBytes=${mtu}`
}

/** Fixed address for the first interface whose name matches, and a resolver that refuses instead of hanging. */
export function networkFiles(match: string, address: string, mtuLine: string): InjectedFile[] {
  const network = [
    '[Match]',
    `Name=${match}`,
    '[Network]',
    `Address=${address}/${LAN.prefixLength}`,
    `Gateway=${LAN.gateway}`,
    'LinkLocalAddressing=no',
    'IPv6AcceptRA=no',
    '[Link]',
    mtuLine,
    '',
  ].join('\n')
  return [
    { path: '/etc/systemd/network/10-lan.network', content: network, mode: 0o644 },
    { path: '/etc/resolv.conf', content: `nameserver ${LAN.gateway}\n`, mode: 0o644 },
  ]
}
