import ipaddr from 'ipaddr.js'
import { endpointHost } from './endpoint-host.ts'
import type { Inventory } from './inventory.ts'
import type { Problem } from './problem.ts'
import type { Raw } from './resolve.ts'
import { placeKey } from './tree.ts'

type Address = ipaddr.IPv4 | ipaddr.IPv6
type Subnet = readonly [Address, number]

/** Addresses of pods, services and machines must not get in each other's way. */
export function subnetProblems(raw: Raw, inventory: Inventory): readonly Problem[] {
  const { podSubnet, serviceSubnet } = inventory.kubernetes
  const [pods, services] = [parse(podSubnet), parse(serviceSubnet)]
  const at = (key: string, what: string, fix: string): Problem[] => spotted(raw, ['kubernetes', key], what, fix)
  const later = raw.places.has(placeKey(['kubernetes', 'serviceSubnet'])) ? 'serviceSubnet' : 'podSubnet'
  if (pods[0].kind() !== services[0].kind()) {
    return at(
      later,
      `podSubnet ${podSubnet} and serviceSubnet ${serviceSubnet} are of different kinds`,
      'take two IPv4 or two IPv6 subnets',
    )
  }
  const ipv4 = pods[0].kind() === 'ipv4'
  const problems: Problem[] = []
  if (overlaps(pods, services))
    problems.push(
      ...at(
        later,
        `podSubnet ${podSubnet} and serviceSubnet ${serviceSubnet} overlap`,
        'take subnets that have no address in common',
      ),
    )
  const nodeBits = ipv4 ? 24 : 64
  const room = nodeBits - pods[1] > 20 ? Number.POSITIVE_INFINITY : nodeBits < pods[1] ? 0 : 2 ** (nodeBits - pods[1])
  if (room < inventory.hosts.length) {
    const what = `podSubnet ${podSubnet} has room for ${room} ${room === 1 ? 'node' : 'nodes'} (each takes a /${nodeBits}), and there are ${inventory.hosts.length}`
    problems.push(...at('podSubnet', what, 'take a larger subnet, like 10.244.0.0/16'))
  }
  const widest = ipv4 ? 12 : 108
  if (services[1] < widest)
    problems.push(
      ...at(
        'serviceSubnet',
        `serviceSubnet ${serviceSubnet} is larger than the API server allows (/${widest})`,
        `take a /${widest} or smaller`,
      ),
    )
  return [...problems, ...takenAddresses(raw, inventory)]
}

function takenAddresses(raw: Raw, inventory: Inventory): Problem[] {
  const { podSubnet, serviceSubnet, controlPlaneEndpoint, virtualAddress } = inventory.kubernetes
  const endpoint = endpointHost(controlPlaneEndpoint)
  const addresses: [readonly string[], string][] = [
    [['kubernetes', ...(virtualAddress ? ['virtualAddress', 'address'] : ['controlPlaneEndpoint'])], endpoint],
  ]
  for (const host of inventory.hosts) {
    addresses.push(
      [['hosts', host.name, 'address'], host.address ?? ''],
      [['hosts', host.name, 'nodeAddress'], host.nodeAddress ?? ''],
    )
  }
  return addresses.flatMap(([path, text]) => {
    if (!ipaddr.isValid(text)) return []
    const name = contains(podSubnet, text)
      ? `podSubnet ${podSubnet}`
      : contains(serviceSubnet, text)
        ? `serviceSubnet ${serviceSubnet}`
        : undefined
    if (name === undefined) return []
    return spotted(
      raw,
      path,
      `${text} lies in ${name}, so nodes would look for it inside the cluster`,
      `give kubernetes.${name.split(' ')[0]} addresses that no machine has`,
    )
  })
}

function spotted(raw: Raw, path: readonly string[], what: string, fix: string): Problem[] {
  const spot = raw.places.get(placeKey(path))?.value ?? raw.places.get(path[0] ?? '')?.key
  return spot ? [{ what, fix, spot }] : []
}

function parse(cidr: string): Subnet {
  return ipaddr.parseCIDR(cidr)
}

function overlaps(a: Subnet, b: Subnet): boolean {
  const bits = Math.min(a[1], b[1])
  return (a[0] as ipaddr.IPv4).match(b[0] as ipaddr.IPv4, bits)
}

/** Whether an address is one of a network's. */
export function contains(cidr: string, address: string): boolean {
  const [base, bits] = parse(cidr)
  const one = ipaddr.process(address)
  return one.kind() === base.kind() && (one as ipaddr.IPv4).match(base as ipaddr.IPv4, bits)
}
