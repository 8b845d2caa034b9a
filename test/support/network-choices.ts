/** What an inventory may choose of network, kube-proxy, addresses for Services, and who lets requests in: every way of each. */

/** `network`, as an inventory has it. */
export interface NetworkChoice {
  readonly cni: 'flannel' | 'calico' | 'canal' | 'cilium'
  readonly backend?: string
  readonly policyEngine?: string
  readonly calico?: {
    readonly encapsulation: string
    readonly crossSubnet?: boolean
    readonly routeReflectors?: readonly string[]
    readonly typhaAbove?: number
  }
  readonly cilium?: { readonly routing: string; readonly encryption: string; readonly hubble?: boolean }
}

/** `ipvs-loose` is ipvs with strictARP false, written by hand. */
export const PROXIES = ['ipvs', 'ipvs-loose', 'nftables', 'iptables', 'none'] as const
export const ADDRESSES = ['none', 'metallb-l2', 'metallb-bgp', 'cilium', 'cilium+metallb'] as const

/** Who lets requests in; what is the `ingress` of an inventory. */
export const ENTRIES = {
  none: undefined,
  traefik: {},
  'traefik-address': { address: '10.0.3.1' },
  'traefik-local': { externalTrafficPolicy: 'Local' },
  'traefik-ports': { exposure: 'hostPorts' },
  'traefik-ports-local': { exposure: 'hostPorts', externalTrafficPolicy: 'Local' },
} as const

export interface Choice {
  readonly network: NetworkChoice
  readonly proxy: (typeof PROXIES)[number]
  readonly addresses: (typeof ADDRESSES)[number]
  readonly entry: keyof typeof ENTRIES
}

const ENGINES = [{}, { policyEngine: 'kube-router' }]

export const NETWORKS: readonly NetworkChoice[] = [
  ...['vxlan', 'host-gw', 'wireguard'].flatMap((backend) =>
    ENGINES.map((engine) => ({ cni: 'flannel' as const, backend, ...engine })),
  ),
  ...['vxlan', 'ipip', 'none'].flatMap((encapsulation) =>
    [{}, { crossSubnet: true }, { routeReflectors: ['node1'] }, { typhaAbove: 1 }].map((more) => ({
      cni: 'calico' as const,
      calico: { encapsulation, ...more },
    })),
  ),
  { cni: 'calico', policyEngine: 'kube-router' },
  ...ENGINES.map((engine) => ({ cni: 'canal' as const, ...engine })),
  { cni: 'canal', backend: 'host-gw' },
  ...['vxlan', 'geneve', 'native'].flatMap((routing) =>
    ['none', 'wireguard'].flatMap((encryption) =>
      [false, true].map((hubble) => ({ cni: 'cilium' as const, cilium: { routing, encryption, hubble } })),
    ),
  ),
  { cni: 'cilium', policyEngine: 'kube-router' },
]

/** Every network with every kube-proxy, every giver of addresses and every entry. */
export const CHOICES: readonly Choice[] = NETWORKS.flatMap((network) =>
  PROXIES.flatMap((proxy) =>
    ADDRESSES.flatMap((addresses) =>
      Object.keys(ENTRIES).map((entry) => ({ network, proxy, addresses, entry: entry as Choice['entry'] })),
    ),
  ),
)

const METALLB = {
  'metallb-l2': { pools: { office: { addresses: ['10.0.3.0/28'] } } },
  'metallb-bgp': {
    pools: { office: { addresses: ['10.0.3.0/28'], mode: 'bgp' } },
    peers: { router: { peerAddress: '10.0.0.1', peerASN: 64_500, myASN: 64_501 } },
  },
} as const

/** As an inventory: JSON is YAML too. */
export function inventoryText({ network, proxy, addresses, entry }: Choice): string {
  const mode = proxy === 'ipvs-loose' ? 'ipvs' : proxy
  const own = addresses.startsWith('cilium')
    ? { l2Announcements: { own: { addresses: ['10.0.4.0/28', '10.0.3.1/32'] } } }
    : {}
  const metallb = addresses === 'cilium+metallb' ? METALLB_ELSEWHERE : METALLB[addresses as keyof typeof METALLB]
  const ingress = ENTRIES[entry]
  return JSON.stringify({
    name: 'choice',
    kubernetes: {
      version: '1.36.3',
      kubeProxy: { mode, ...(proxy === 'ipvs-loose' ? { strictARP: false } : {}) },
    },
    network: { ...network, ...(addresses.startsWith('cilium') ? { cilium: { ...network.cilium, ...own } } : {}) },
    ...(metallb ? { loadBalancer: { metallb } } : {}),
    ...(ingress ? { ingress } : {}),
    hosts: {
      node1: { address: '10.0.0.11', roles: ['control-plane', 'worker'] },
      node2: { address: '10.0.0.12', roles: ['worker'] },
    },
  })
}

/** Addresses nobody else gives out, announced in a way that asks nothing of kube-proxy or Calico. */
const METALLB_ELSEWHERE = {
  pools: { office: { addresses: ['198.51.100.0/28'], mode: 'bgp' } },
  peers: { router: { peerAddress: '10.0.0.1', peerASN: 64_500, myASN: 64_501 } },
}

/** On one line, for tables and failures. */
export function networkName({ cni, ...rest }: NetworkChoice): string {
  const said = Object.values(rest).flatMap((value) => (typeof value === 'string' ? [value] : partsOf(value)))
  return [cni, ...said].join(' ')
}

function partsOf(settings: object): readonly string[] {
  return Object.entries(settings).flatMap(([key, value]) =>
    value === false
      ? []
      : typeof value === 'string' && value !== 'none'
        ? [value]
        : [value === true ? key : `${key} ${value}`],
  )
}
