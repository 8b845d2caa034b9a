import ipaddr from 'ipaddr.js'
import { type AddressRange, overlap, parseAddress, parseRange } from './address-range.ts'
import { byRule } from './by-rule.ts'
import { endpointHost } from './endpoint-host.ts'
import type { Inventory, Network } from './inventory.ts'
import { didYouMean } from './nearest.ts'
import type { Problem } from './problem.ts'
import { problemAt } from './problem-at.ts'
import { mapAt, type Raw } from './resolve.ts'
import { routeReflectors } from './route-reflectors.ts'
import { placeKey } from './tree.ts'

type Path = readonly (string | number)[]

/** What the pod network must not be, given the rest of the inventory. */
export function networkProblems(raw: Raw, inventory: Inventory): readonly Problem[] {
  return [
    ...byRule('idle-settings', idleKeys(raw, inventory)),
    ...(inventory.network.cni === 'flannel' ? [] : familyProblems(raw, inventory)),
    ...byRule('lab-images', fromLab(raw, inventory)),
    ...byRule('no-kube-proxy', proxyProblems(raw, inventory)),
    ...(inventory.network.cni === 'calico' ? calicoProblems(raw, inventory) : []),
    ...(inventory.network.cni === 'cilium' ? ciliumProblems(raw, inventory) : []),
  ]
}

/** Whose each key is, and what says the same elsewhere. */
const OWNER = { backend: 'flannel', calico: 'calico', cilium: 'cilium' } as const

const INSTEAD: Readonly<Record<Network['cni'], string>> = {
  flannel: 'network.backend',
  calico: 'network.calico.encapsulation',
  canal: 'nothing: canal always wraps in VXLAN',
  cilium: 'network.cilium.routing',
}

function idleKeys(raw: Raw, { network: { cni } }: Inventory): readonly Problem[] {
  return Object.keys(mapAt(raw.data, 'network')).flatMap((key) => {
    const owner = Object.hasOwn(OWNER, key) ? OWNER[key as keyof typeof OWNER] : cni
    if (owner === cni) return []
    const what = `network.${key} does nothing with cni: ${cni}`
    const here = key === 'backend' ? ` (here that is ${INSTEAD[cni]})` : ''
    return problem(raw, ['network', key], what, `delete it${here}, or write cni: ${owner}`)
  })
}

/** Their programs are not published in a way the lab can make them from. */
function fromLab(raw: Raw, { network: { cni }, artifacts }: Inventory): readonly Problem[] {
  if (cni === 'flannel' || artifacts.source !== 'lab') return []
  const whose = cni === 'cilium' ? "Cilium's" : "Calico's"
  const what = `cni is ${cni}, and artifacts.source: lab has no images of it: ${whose} programs are not published as modules that could be compiled here`
  return problem(raw, ['network', 'cni'], what, 'write source: release, a mirror or a bundle, or cni: flannel')
}

function proxyProblems(raw: Raw, { network: { cni }, kubernetes }: Inventory): readonly Problem[] {
  if (kubernetes.kubeProxy.mode !== 'none' || cni === 'cilium') return []
  const what = `mode is none, and ${cni} does not carry service addresses: it reaches the API server by one itself, and so does every pod`
  const fix = 'write mode: nftables (or ipvs, or iptables), or network: {cni: cilium}'
  return problem(raw, ['kubernetes', 'kubeProxy', 'mode'], what, fix)
}

const CALICO = ['network', 'calico'] as const
const BGP_ONLY = ['asNumber', 'routeReflectors'] as const

function calicoProblems(raw: Raw, inventory: Inventory): readonly Problem[] {
  const { network, kubernetes } = inventory
  const { encapsulation, blockSize } = network.calico
  const written = Object.keys(mapAt(raw.data, ...CALICO))
  const idle = encapsulation === 'vxlan' ? BGP_ONLY.filter((key) => written.includes(key)) : []
  const plain = encapsulation === 'none' && network.calico.crossSubnet
  const idling = [
    ...idle.flatMap((key) =>
      problem(
        raw,
        [...CALICO, key],
        `${key} does nothing with encapsulation: vxlan, which needs no BGP`,
        'delete it, or write encapsulation: ipip or none',
      ),
    ),
    ...(plain
      ? problem(
          raw,
          [...CALICO, 'crossSubnet'],
          'crossSubnet does nothing with encapsulation: none: nothing is ever wrapped',
          'delete it, or write encapsulation: vxlan or ipip',
        )
      : []),
  ]
  return [
    ...byRule('idle-settings', idling),
    ...blockProblems(raw, kubernetes.podSubnet, blockSize, inventory.hosts.length),
    ...reflectorProblems(raw, inventory),
    ...byRule('calico-bgp-metallb', twoSpeakers(raw, inventory)),
  ]
}

/** A router keeps one session with an address. */
function twoSpeakers(raw: Raw, { network, loadBalancer }: Inventory): readonly Problem[] {
  const { encapsulation } = network.calico
  const [name] = Object.entries(loadBalancer?.metallb.pools ?? {}).flatMap(([pool, { mode }]) =>
    mode === 'bgp' ? [pool] : [],
  )
  if (encapsulation === 'vxlan' || name === undefined) return []
  const what = `encapsulation ${encapsulation} has Calico speak BGP from every node, and so would MetalLB for pool "${name}"`
  return problem(raw, [...CALICO, 'encapsulation'], what, 'write encapsulation: vxlan, or give the pool mode: l2')
}

/** Every node takes a block at least. */
function blockProblems(raw: Raw, podSubnet: string, blockSize: number, nodes: number): readonly Problem[] {
  const bits = Number(podSubnet.split('/')[1])
  const blocks = 2 ** (blockSize - bits)
  if (blocks >= nodes) return []
  const what = `blockSize ${blockSize} makes ${blocks >= 1 ? blocks : 'no'} ${blocks === 1 ? 'block' : 'blocks'} of podSubnet ${podSubnet}, and there are ${nodes} nodes`
  const fix = `write blockSize: ${bits + Math.ceil(Math.log2(nodes))} or more, or take a larger podSubnet`
  return problem(raw, [...CALICO, 'blockSize'], what, fix)
}

function reflectorProblems(raw: Raw, inventory: Inventory): readonly Problem[] {
  const { routeReflectors: wanted } = inventory.network.calico
  const path = [...CALICO, 'routeReflectors']
  if (wanted === undefined) return []
  if ('label' in wanted) {
    if (inventory.network.calico.encapsulation === 'vxlan' || routeReflectors(inventory).length > 0) return []
    return problem(raw, [...path, 'label'], 'no host has these labels', 'give one or two hosts these labels')
  }
  const known = inventory.hosts.map(({ name }) => name)
  return wanted.flatMap((name, index) =>
    known.includes(name)
      ? []
      : problem(
          raw,
          [...path, index],
          `there is no host "${name}"`,
          didYouMean(name, known) ?? `there are: ${known.slice(0, 8).join(', ')}`,
        ),
  )
}

/** All but Flannel are set up for IPv4 here. */
function familyProblems(raw: Raw, { kubernetes: { podSubnet }, network: { cni } }: Inventory): readonly Problem[] {
  if (!podSubnet.includes(':')) return []
  const what = `podSubnet ${podSubnet} is IPv6, and provision sets up ${cni} for IPv4`
  return problem(raw, ['kubernetes', 'podSubnet'], what, 'take IPv4 subnets for pods and services')
}

const POOLS = ['network', 'cilium', 'l2Announcements'] as const

function ciliumProblems(raw: Raw, inventory: Inventory): readonly Problem[] {
  const { network, kubernetes, loadBalancer } = inventory
  const { l2Announcements } = network.cilium
  const own = l2Announcements === undefined ? [] : poolProblems(raw, inventory)
  const always = byRule('cilium-rp-filter', filterProblems(raw, inventory))
  if (l2Announcements === undefined) return always
  const bound =
    kubernetes.kubeProxy.mode === 'none'
      ? []
      : problem(
          raw,
          [...POOLS],
          `l2Announcements wants Cilium in kube-proxy's place, and kubeProxy.mode is ${kubernetes.kubeProxy.mode}`,
          'write kubernetes: {kubeProxy: {mode: none}}, or use loadBalancer: {metallb: …}',
        )
  const both = loadBalancer
    ? problem(
        raw,
        ['loadBalancer'],
        'both Cilium (l2Announcements) and MetalLB (loadBalancer) would give Services their addresses',
        'delete one of the two',
      )
    : []
  const local = byRule('cilium-l2-local', localPolicy(raw, inventory))
  return [...always, ...byRule('cilium-l2', [...bound, ...both, ...cardProblems(raw, network)]), ...local, ...own]
}

/** Any node may answer ARP for the address, also one without a pod behind it. */
function localPolicy(raw: Raw, { ingress }: Inventory): readonly Problem[] {
  if (ingress?.externalTrafficPolicy !== 'Local' || ingress.exposure !== 'loadBalancer') return []
  const what = "externalTrafficPolicy is Local, and Cilium's l2Announcements may tell of a node without a pod of it"
  const fix = 'write externalTrafficPolicy: Cluster, exposure: hostPorts, or use loadBalancer: {metallb: …}'
  return problem(raw, ['ingress', 'externalTrafficPolicy'], what, fix)
}

/** Its agent sets it for its own cards, and a stricter value for all wins. */
function filterProblems(raw: Raw, { hosts, origins }: Inventory): readonly Problem[] {
  return hosts.flatMap(({ name, kernel }) =>
    Object.entries(kernel.sysctl).flatMap(([key, value]) => {
      if (!/^net\.ipv4\.conf\.(all|default|\*)\.rp_filter$/.test(key) || String(value) === '0') return []
      const path = origins.get(name)?.get(placeKey(['kernel', 'sysctl', key]))?.[0]?.path ?? ['hosts', name]
      const what = `host "${name}" sets ${key} to ${value}, and Cilium's cards need 0`
      return problem(raw, path, what, 'delete it: Cilium sets it by itself')
    }),
  )
}

/** Which Services a card answers for is not Cilium's to choose by pool: see `cluster/cilium-pools.ts`. */
function cardProblems(raw: Raw, { cilium: { l2Announcements = {} } }: Network): readonly Problem[] {
  const text = (cards: readonly string[] | undefined) =>
    cards === undefined ? 'all cards' : cards.toSorted().join(', ')
  const [first, ...others] = Object.entries(l2Announcements)
  const other = others.find(([, { interfaces }]) => first && text(interfaces) !== text(first[1].interfaces))
  if (!first || !other) return []
  const [[name, one], [otherName, two]] = [first, other]
  const what = `pool "${otherName}" is announced on ${text(two.interfaces)}, pool "${name}" on ${text(one.interfaces)}: Cilium would announce the addresses of both on all of these`
  const key = two.interfaces === undefined ? [] : ['interfaces']
  return problem(raw, [...POOLS, otherName, ...key], what, 'write the same interfaces in every pool')
}

function poolProblems(raw: Raw, inventory: Inventory): readonly Problem[] {
  const { network, kubernetes, hosts } = inventory
  const taken = [
    ...hosts.flatMap(({ name, address = '', nodeAddress = '' }) =>
      [address, nodeAddress].map((one) => [one, `the address of host "${name}"`] as const),
    ),
    [apiAddress(kubernetes), 'the address of the API server'] as const,
    [kubernetes.podSubnet, 'podSubnet'] as const,
    [kubernetes.serviceSubnet, 'serviceSubnet'] as const,
  ]
  return Object.entries(network.cilium.l2Announcements ?? {}).flatMap(([pool, { addresses }]) =>
    addresses.flatMap((text, index) => {
      const range = parseRange(text)
      const found = range && taken.find(([other]) => meets(range, other))
      if (!found) return []
      const what = `${text} of pool "${pool}" overlaps ${found[0]}, which is ${found[1]}`
      const fix = 'leave it out: a Service that gets it would take it away from its owner'
      return problem(raw, [...POOLS, pool, 'addresses', index], what, fix)
    }),
  )
}

/** Without its port; a name is none. */
function apiAddress({ virtualAddress, controlPlaneEndpoint }: Inventory['kubernetes']): string {
  return virtualAddress?.address ?? endpointHost(controlPlaneEndpoint)
}

function meets(range: AddressRange, other: string): boolean {
  const parsed = other.includes('/') ? parseRange(other) : ipaddr.isValid(other) ? parseAddress(other) : undefined
  return parsed !== undefined && overlap(range, parsed)
}

function problem(raw: Raw, path: Path, what: string, fix: string): readonly Problem[] {
  return [problemAt(raw, path, what, fix)]
}
