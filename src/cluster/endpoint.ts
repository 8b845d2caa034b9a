import { API_PORT } from './kubeadm.ts'
import type { Node } from './node.ts'

/** What one control plane needs to know to carry the address of the API server together with the others. */
export interface SharedEndpoint {
  readonly name: string
  /** IP address of this control plane. */
  readonly own: string
  readonly address: string
  readonly port: number
  /** Card that carries it, where the inventory names one. */
  readonly card: string | undefined
  readonly routerId: number
  /** Of VRRP: who gets the address when several could. */
  readonly priority: number
  /** Addresses of the other control planes. */
  readonly peers: readonly string[]
  /** All of them, as the balancer's lines name them: `cp1 10.0.0.11:6443`. */
  readonly planes: readonly string[]
}

/** What keepalived reads. */
export const CARRIER_FILE = '/etc/keepalived/keepalived.conf'

/** Each further control plane comes after the one before. VRRP's own default is 100. */
const FIRST_PRIORITY = 150

/** Nothing on a worker, and where the endpoint is somebody else's. */
export function sharedEndpoint({ name, address, inventory, membership }: Node): SharedEndpoint | undefined {
  const { virtualAddress } = inventory.kubernetes
  const planes = membership.controlPlanes
  const index = planes.findIndex((plane) => plane.name === name)
  if (virtualAddress === undefined || index < 0) return undefined
  // Only a lab machine that does not exist yet has no address: a dry run then prints its name.
  const known = planes.map((plane) => ({ name: plane.name, address: plane.address ?? plane.name }))
  return {
    name,
    own: address ?? name,
    address: virtualAddress.address,
    port: virtualAddress.port,
    card: virtualAddress.interface ?? inventory.network.interface,
    routerId: virtualAddress.routerId,
    priority: FIRST_PRIORITY - index,
    peers: known.filter((plane) => plane.name !== name).map((plane) => plane.address),
    planes: known.map((plane) => `${plane.name} ${plane.address}:${API_PORT}`),
  }
}
