import { type Fact, probe } from '../core/fact.ts'

/** Written by flanneld once it has a range of pod addresses for this node and its interface stands; in memory. */
export const FLANNEL_SUBNET = '/run/flannel/subnet.env'

export interface FlannelSubnet {
  /** Of this node's pods, with the bridge's own address: `10.244.1.1/24`. */
  readonly subnet: string
  /** Bytes a pod's packet may have. */
  readonly mtu: number
  /** `MTU` in the configuration its pod has now. flanneld reads that only when it starts. */
  readonly configuredMtu?: number
}

/** Where the kubelet keeps the configuration of flannel's pod, up to date by itself. The volume's name is the manifest's. */
const CONFIGURED = '/var/lib/kubelet/pods/*/volumes/kubernetes.io~configmap/flannel-cfg/net-conf.json'
/** Shell that prints the `MTU` in it; nothing where it has none. */
const CONFIGURED_MTU = String.raw`sed -n 's/.*"MTU": *\([0-9][0-9]*\).*/\1/p' ${CONFIGURED} 2>/dev/null | head -n 1`

/** What flanneld has told the CNI plugin of this node; undefined where it does not run. Ask: `subnet`. */
export const flannelSubnet: Fact<'subnet', FlannelSubnet | undefined> = {
  name: 'flannel-subnet',
  id: () => 'subnet',
  script: () => `[ ! -r ${FLANNEL_SUBNET} ] || while IFS== read -r name value; do
  case $name in FLANNEL_SUBNET | FLANNEL_MTU) printf 'subnet\\t%s\\t%s\\n' "$name" "$value" ;; esac
done <${FLANNEL_SUBNET}
configured=$(${CONFIGURED_MTU})
[ -z "$configured" ] || printf 'subnet\tconfigured\t%s\n' "$configured"`,
  parse(lines) {
    const said = new Map(lines.map(([name = '', value = '']) => [name, value]))
    const [subnet, mtu] = [said.get('FLANNEL_SUBNET'), Number(said.get('FLANNEL_MTU'))]
    if (subnet === undefined || Number.isNaN(mtu)) return undefined
    const configured = said.get('configured')
    return { subnet, mtu, ...(configured === undefined ? {} : { configuredMtu: Number(configured) }) }
  },
}

export const flannelSubnetProbe = probe(flannelSubnet, 'subnet')

/**
 * Shell test: flanneld runs with the MTU of its configuration, from which it takes `takenOff` bytes, and pods have at least
 * and at most so many.
 */
export function flannelSettledScript(
  takenOff: number,
  bounds?: { readonly least: number; readonly most: number },
): string {
  const within = bounds ? ` && [ "$mtu" -ge ${bounds.least} ] && [ "$mtu" -le ${bounds.most} ]` : ''
  const settled = `configured=$(${CONFIGURED_MTU}); [ "\${configured:-$((mtu + ${takenOff}))}" -eq $((mtu + ${takenOff})) ]`
  return `{ mtu=$(sed -n 's/^FLANNEL_MTU=//p' ${FLANNEL_SUBNET} 2>/dev/null) && [ -n "$mtu" ]${within} && { ${settled}; }; }`
}
