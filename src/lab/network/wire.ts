/** What happens to packets on their way. */
export interface Wire {
  readonly delayMs?: number
  readonly jitterMs?: number
  readonly lossPercent?: number
  readonly rateKbit?: number
  /** Biggest packet that gets through, in bytes without the Ethernet header. */
  readonly mtu?: number
}

/** The way to one other machine, in one direction. */
export interface Link extends Wire {
  /** `tcp/6443`, `udp/8472`: ports of the other machine that are not reached. */
  readonly blocked?: readonly string[]
}

/** How one machine is connected. Unlike the rest of a machine it may change while the machine runs. */
export interface MachineNetwork {
  /** Of its card and of the port it is plugged in. */
  readonly mtu: number
  /** All it sends; the MTU holds for what it gets, too. */
  readonly wan?: Wire
  /** By machine name: instead of what `wan` says, key by key. */
  readonly links?: Readonly<Record<string, Link>>
}

export const PLAIN_MTU = 1500

export const PLAIN_NETWORK: MachineNetwork = { mtu: PLAIN_MTU }

/** Whether packets of the wire are delayed, lost or held back, which only the machine's own kernel can do. */
export function isShaped({ delayMs, jitterMs, lossPercent, rateKbit }: Wire): boolean {
  return [delayMs, jitterMs, lossPercent, rateKbit].some((figure) => figure !== undefined && figure > 0)
}

/** The links of a machine with what they take from `wan`; one to itself means nothing. */
export function linksOf(name: string, { wan, links = {} }: MachineNetwork): readonly (readonly [string, Link])[] {
  return Object.entries(links)
    .filter(([other]) => other !== name)
    .map(([other, link]) => [other, { ...wan, ...link }])
}
