import { type Fact, probe } from '../core/fact.ts'

/** Written by flanneld once it has a range of pod addresses for this node and its interface stands; in memory. */
export const FLANNEL_SUBNET = '/run/flannel/subnet.env'

export interface FlannelSubnet {
  /** Of this node's pods, with the bridge's own address: `10.244.1.1/24`. */
  readonly subnet: string
  /** Bytes a pod's packet may have. */
  readonly mtu: number
}

/** What flanneld has told the CNI plugin of this node; undefined where it does not run. Ask: `subnet`. */
const flannelSubnet: Fact<'subnet', FlannelSubnet | undefined> = {
  name: 'flannel-subnet',
  id: () => 'subnet',
  script: () => `[ ! -r ${FLANNEL_SUBNET} ] || while IFS== read -r name value; do
  case $name in FLANNEL_SUBNET | FLANNEL_MTU) printf 'subnet\\t%s\\t%s\\n' "$name" "$value" ;; esac
done <${FLANNEL_SUBNET}`,
  parse(lines) {
    const said = new Map(lines.map(([name = '', value = '']) => [name, value]))
    const [subnet, mtu] = [said.get('FLANNEL_SUBNET'), Number(said.get('FLANNEL_MTU'))]
    return subnet === undefined || Number.isNaN(mtu) ? undefined : { subnet, mtu }
  },
}

export const flannelSubnetProbe = probe(flannelSubnet, 'subnet')
