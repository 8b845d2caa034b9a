import { Deferred } from '../core/deferred.ts'
import type { Value } from '../core/value.ts'
import { kubeadmFilesProbe } from '../facts/kube-api.ts'
import { ADMIN_CONF } from '../facts/kubectl.ts'
import type { Inventory } from '../inventory/inventory.ts'
import type { JoinSecrets } from './join-secrets.ts'
import { type JoinTicket, ticketFrom } from './join-ticket.ts'

/** A machine that is to be part of the same cluster. */
export interface Member {
  readonly name: string
  readonly controlPlane: boolean
  /** IP address; only that of the first must be known. */
  readonly address: string | undefined
}

/**
 * What the machines of one cluster make for each other during one run. Nothing else ties one host to another: what a host
 * waits for is one of these, and it waits only where it has something to do with it.
 */
export interface Membership {
  /** The control plane that makes the cluster, and applies what belongs to all of it: the first of the inventory. */
  readonly first: Member
  /** All of the inventory, visited or not, in its order. */
  readonly controlPlanes: readonly Member[]
  /** Everybody else who is visited in this run. */
  readonly joining: readonly Member[]
  /** Made on this machine once somebody is to join. */
  readonly secrets: Value<JoinSecrets>
  /** Handed out by the first control plane. */
  readonly ticket: Deferred<JoinTicket | undefined>
  /** By name: whether another control plane is in a cluster already. */
  readonly planes: ReadonlyMap<string, Deferred<boolean>>
  /** Control planes of the inventory that are not visited in this run. */
  readonly unseenPlanes: readonly string[]
  /** By name: that a machine has joined. */
  readonly joined: ReadonlyMap<string, Deferred<boolean>>
  /** That the pod network is applied; left out where this run does not apply it. */
  readonly network?: Deferred<boolean>
  /** The same of what makes Services of type LoadBalancer work. */
  readonly loadBalancer?: Deferred<boolean>
  /** The same of who enforces policies. */
  readonly policyEngine?: Deferred<boolean>
}

/** `addresses` are what other nodes call; `visited` are the hosts of this run, `chosen` those that become what they shall. */
export function membershipOf(
  { hosts, loadBalancer, network }: Inventory,
  { visited, chosen }: { readonly visited: readonly string[]; readonly chosen: readonly string[] },
  addresses: ReadonlyMap<string, string | undefined>,
  secrets: Value<JoinSecrets>,
): Membership {
  const members = hosts.map(({ name, roles }) => ({
    name,
    controlPlane: roles.includes('control-plane'),
    address: addresses.get(name),
  }))
  const first = members.find(({ controlPlane }) => controlPlane)
  if (!first) throw new Error('an inventory has a control plane')
  const joining = members.filter(({ name }) => name !== first.name && visited.includes(name))
  return {
    first,
    controlPlanes: members.filter(({ controlPlane }) => controlPlane),
    joining,
    secrets,
    ticket: new Deferred(`right to join from ${first.name}`, (answers) => ticketFrom(joining, answers)),
    planes: new Map(joining.filter(({ controlPlane }) => controlPlane).map(({ name }) => [name, clusterSeen(name)])),
    unseenPlanes: members
      .filter(({ name, controlPlane }) => controlPlane && !visited.includes(name))
      .map(({ name }) => name),
    joined: new Map(joining.map(({ name }) => [name, new Deferred(`${name} has joined`, () => true)])),
    ...(chosen.includes(first.name) ? { network: new Deferred(`pod network from ${first.name}`, () => true) } : {}),
    ...(chosen.includes(first.name) && loadBalancer
      ? { loadBalancer: new Deferred(`MetalLB from ${first.name}`, () => true) }
      : {}),
    ...(chosen.includes(first.name) && network.policyEngine !== undefined
      ? { policyEngine: new Deferred(`${network.policyEngine} from ${first.name}`, () => true) }
      : {}),
  }
}

function clusterSeen(name: string): Deferred<boolean> {
  return new Deferred(`a look at ${name}`, (answers) => answers.get(kubeadmFilesProbe).includes(ADMIN_CONF))
}

/** Those others wait for come first: whatever the number of hosts at work at once, nobody keeps them from it. */
export function inOrder<T extends { readonly name: string; readonly roles: readonly string[] }>(
  hosts: readonly T[],
): readonly T[] {
  const isPlane = ({ roles }: T) => roles.includes('control-plane')
  return [...hosts.filter(isPlane), ...hosts.filter((host) => !isPlane(host))]
}
