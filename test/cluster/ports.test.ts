import { describe, expect, it } from 'vitest'
import { flowsBetween, portsOf } from '../../src/cluster/ports.ts'
import type { Role } from '../../src/inventory/inventory.ts'

const host = (name: string, ...roles: Role[]) => ({ name, roles })
const [cp1, cp2, w1, w2] = [
  host('cp1', 'control-plane'),
  host('cp2', 'control-plane', 'worker'),
  host('w1', 'worker'),
  host('w2', 'worker'),
]
const told = (flows: ReturnType<typeof flowsBetween>) =>
  flows.map(({ from, to, protocol, port }) => `${from}>${to} ${protocol}/${port}`)

describe('ports between nodes', () => {
  it('go from workers to the API, from the API to kubelets, and among all for pods', () => {
    expect(told(flowsBetween([cp1, w1], ['control plane', 'flannel vxlan']))).toEqual([
      'cp1>w1 tcp/10250',
      'cp1>w1 udp/8472',
      'w1>cp1 tcp/6443',
      'w1>cp1 udp/8472',
    ])
  })
  it('has etcd among control planes only', () => {
    const flows = told(flowsBetween([cp1, cp2, w1], ['control plane']))
    expect(flows.filter((flow) => /23(79|80)$/.test(flow))).toEqual([
      'cp1>cp2 tcp/2379',
      'cp1>cp2 tcp/2380',
      'cp2>cp1 tcp/2379',
      'cp2>cp1 tcp/2380',
    ])
  })
  it('has nothing between two workers that do without encapsulation', () => {
    expect(flowsBetween([w1, w2], ['control plane', 'flannel host-gw'])).toEqual([])
  })
  it('tries a port once that two need, and names both reasons', () => {
    const flows = flowsBetween([w1, w2], ['flannel wireguard', 'calico wireguard', 'calico bgp', 'calico ipip'])
    expect(told(flows).filter((flow) => flow.startsWith('w1'))).toEqual(['w1>w2 udp/51820', 'w1>w2 tcp/179'])
  })
  it('knows what a host must offer', () => {
    const users = ['control plane', 'cilium vxlan', 'metallb'] as const
    const names = (roles: Role[]) => portsOf({ roles }, users).map(({ protocol, port }) => `${protocol}/${port}`)
    expect(names(['worker'])).toEqual(['tcp/10250', 'udp/8472', 'tcp/4240', 'tcp/7946', 'udp/7946'])
    expect(names(['control-plane'])).toEqual(['tcp/6443', 'tcp/2379', 'tcp/2380', ...names(['worker'])])
  })
})
