import { must } from '../local/command.ts'
import { LAN, type Tap } from './addresses.ts'

const deadline = { deadlineMs: 20_000 } as const

/** What a port is called whose cable was pulled: nobody plugs it in again by accident. */
const CUT = 'cut'

/**
 * Pulls the machine's cable out of the bridge. The port stays up: a user-mode kernel never uses a card again that was taken
 * down under it. So the machine keeps its carrier, as when a switch further away fails.
 */
export async function cutCable(namespace: string, tap: Tap): Promise<void> {
  await link(namespace, tap, 'alias', CUT)
  await link(namespace, tap, 'nomaster')
}

export async function mendCable(namespace: string, tap: Tap): Promise<void> {
  await link(namespace, tap, 'master', LAN.bridge)
  await link(namespace, tap, 'alias', '')
}

/** Ports of the lab whose cable was pulled, by interface name. */
export async function cutPorts(namespace: string): Promise<ReadonlySet<string>> {
  const text = await must(['ip', '-n', namespace, '-json', 'link', 'show'], deadline)
  const links = JSON.parse(text) as readonly { ifname: string; ifalias?: string }[]
  return new Set(links.filter(({ ifalias }) => ifalias === CUT).map(({ ifname }) => ifname))
}

async function link(namespace: string, tap: Tap, ...change: string[]): Promise<void> {
  await must(['ip', '-n', namespace, 'link', 'set', 'dev', tap.interface, ...change], deadline)
}
