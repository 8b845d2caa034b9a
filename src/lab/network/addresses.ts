/**
 * The network of one lab: a namespace with a bridge in it. Nothing leads out of it and nothing in it can be reached from
 * outside, so every lab may use the same addresses.
 */
export const LAN = {
  prefix: '10.77.0',
  prefixLength: 24,
  /** Ours, on the bridge. Nothing listens there: what a machine asks of it is refused at once. */
  gateway: '10.77.0.1',
  firstMachine: 11,
  bridge: 'br0',
  /** Of the bridge. Without one of its own it would take that of a port, and another when that port is unplugged. */
  bridgeHardwareAddress: '02:00:0a:4d:00:01',
} as const

export interface Tap {
  readonly interface: string
  readonly address: string
}

export function tapOf(index: number): Tap {
  return { interface: `tap${index}`, address: `${LAN.prefix}.${LAN.firstMachine + index - 1}` }
}
