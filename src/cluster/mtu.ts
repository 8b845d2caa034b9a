import type { Trouble } from '../core/errors.ts'

/** Bytes a network puts around each packet of a pod. */
interface Encapsulation {
  readonly name: string
  readonly ipv4Bytes: number
  readonly ipv6Bytes: number
}

const vxlan: Encapsulation = { name: 'VXLAN', ipv4Bytes: 50, ipv6Bytes: 70 }
const geneve: Encapsulation = { name: 'Geneve', ipv4Bytes: 50, ipv6Bytes: 70 }
const none: Encapsulation = { name: 'no encapsulation', ipv4Bytes: 0, ipv6Bytes: 0 }

/** Cilium encrypts what it has wrapped. */
function ciliumTwice(tunnel: string): Encapsulation {
  return { name: `${tunnel} in WireGuard as Cilium reckons it`, ipv4Bytes: 50 + 80, ipv6Bytes: 70 + 80 }
}

/**
 * By network and backend. VXLAN: outer IP 20 (40) + UDP 8 + VXLAN 8 + inner Ethernet 14. WireGuard: outer IP 20 (40) + UDP 8
 * + header and tag 32 is 60 (80), which Calico uses; Flannel and Cilium always take 80. IP-in-IP: one IP header.
 * Sources: the constants in flannel's pkg/backend (encapOverhead, overhead), calico's felix/dataplane/linux (mtu), cilium's
 * pkg/mtu.
 */
export const ENCAPSULATION = {
  'flannel vxlan': vxlan,
  'flannel wireguard': { name: 'WireGuard as Flannel reckons it', ipv4Bytes: 80, ipv6Bytes: 80 },
  'flannel host-gw': none,
  'calico bgp': none,
  'calico ipip': { name: 'IP-in-IP', ipv4Bytes: 20, ipv6Bytes: 40 },
  'calico vxlan': vxlan,
  'calico wireguard': { name: 'WireGuard', ipv4Bytes: 60, ipv6Bytes: 80 },
  'canal vxlan': vxlan,
  'cilium vxlan': vxlan,
  'cilium geneve': geneve,
  'cilium native': none,
  'cilium vxlan wireguard': ciliumTwice('VXLAN'),
  'cilium geneve wireguard': ciliumTwice('Geneve'),
  'cilium wireguard': { name: 'WireGuard as Cilium reckons it', ipv4Bytes: 80, ipv6Bytes: 80 },
} as const satisfies Readonly<Record<string, Encapsulation>>

export type Encapsulated = keyof typeof ENCAPSULATION

/** The biggest packet that got from one host to another undivided. */
export interface PathMtu {
  readonly from: string
  readonly to: string
  readonly bytes: number
  /** The nodes speak IPv6 with each other. */
  readonly ipv6: boolean
}

export interface PodMtu {
  readonly bytes: number
  /** The narrowest way, which decides. */
  readonly path: PathMtu
  readonly overheadBytes: number
  /** `1400 (n1 → n3) − 50 (VXLAN over IPv4) = 1350` */
  readonly arithmetic: string
}

/** The MTU of pods: the smallest path MTU of all pairs, less what the network adds. Undefined without a measured path. */
export function podMtu(paths: readonly PathMtu[], network: Encapsulated): PodMtu | undefined {
  const path = paths.toSorted((a, b) => a.bytes - b.bytes)[0]
  if (path === undefined) return undefined
  const { name, ipv4Bytes, ipv6Bytes }: Encapsulation = ENCAPSULATION[network]
  const overheadBytes = path.ipv6 ? ipv6Bytes : ipv4Bytes
  const bytes = path.bytes - overheadBytes
  const by = overheadBytes === 0 ? name : `${name} over ${path.ipv6 ? 'IPv6' : 'IPv4'}`
  const arithmetic = `${path.bytes} (${path.from} → ${path.to}) − ${overheadBytes} (${by}) = ${bytes}`
  return { bytes, path, overheadBytes, arithmetic }
}

/** Why an MTU written by hand cannot stand, with the arithmetic. One that is smaller than need be only costs speed. */
export function mtuTrouble(wanted: number, measured: PodMtu): Trouble | undefined {
  if (wanted <= measured.bytes) return undefined
  const { path, arithmetic, overheadBytes } = measured
  return {
    what: `network.mtu is ${wanted}, and pods can have ${measured.bytes} at most: ${arithmetic}`,
    where: 'network.mtu',
    why: `a full packet of ${wanted} bytes becomes ${wanted + overheadBytes} on the way from ${path.from} to ${path.to}, which carries ${path.bytes}: it would be dropped without a word`,
    fix: `write mtu: auto, or ${measured.bytes}; or mend the way between ${path.from} and ${path.to} so that it carries ${wanted + overheadBytes} bytes`,
  }
}

/**
 * What stands as `MTU` in flannel's backend for pods to get `podBytes`: flannel takes off 50 (VXLAN) or 80 (WireGuard)
 * itself, whatever the nodes speak. host-gw reads no such key: there pods get the MTU of the card.
 * Source: flannel v0.28, pkg/backend/vxlan/device.go, wireguard/device.go, hostgw/hostgw.go.
 */
export function flannelBackendMtu(podBytes: number, backend: 'vxlan' | 'wireguard' | 'host-gw'): number | undefined {
  return backend === 'host-gw' ? undefined : podBytes + (backend === 'vxlan' ? 50 : 80)
}
