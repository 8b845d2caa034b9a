import { readFileSync } from 'node:fs'
import { describe, expect, it } from 'vitest'
import {
  autoMtu,
  calicoMtu,
  ciliumMtu,
  flannelMtu,
  type MeasuredMtu,
  podMtuBounds,
  recordedMtu,
} from '../../src/cluster/auto-mtu.ts'
import { flannelObjects, settledFlannel } from '../../src/cluster/flannel.ts'
import { type Encapsulated, podMtu } from '../../src/cluster/mtu.ts'
import { measuredMtu } from '../../src/cluster/peer-findings.ts'
import type { PeersSeen } from '../../src/cluster/peers-seen.ts'
import { Value } from '../../src/core/value.ts'
import type { KubeObject } from '../../src/facts/kube-object.ts'
import { nodeOf, ONE_NODE } from '../support/node.ts'

const manifest = readFileSync(new URL('../cases/cluster/kube-flannel.yml', import.meta.url), 'utf8')
const settings = { podSubnet: '10.244.0.0/16', network: nodeOf(ONE_NODE).inventory.network }
const forced = { ...settings, network: { ...settings.network, mtu: 1300 } }

function measured(bytes: number, more: Partial<MeasuredMtu> & { network?: Encapsulated } = {}): MeasuredMtu {
  const pods = podMtu([{ from: 'a', to: 'b', bytes, ipv6: false }], more.network ?? 'flannel vxlan')
  if (!pods) throw new Error('a path was given')
  return { pods, cardBytes: 1500, isWhole: true, ...more }
}
const configOf = (objects: readonly KubeObject[]) => {
  const config = objects.find(({ kind }) => kind === 'ConfigMap')
  if (!config) throw new Error('it has one')
  return config
}
const rolledBy = (objects: readonly KubeObject[]) =>
  JSON.stringify(objects.find(({ kind }) => kind === 'DaemonSet')).match(/"provision\/config":"([0-9a-f]{64})"/)?.[1]

describe('mtu: auto', () => {
  it.each([
    ['nothing measured and nothing there: the card decides', 'vxlan', undefined, undefined, undefined],
    ['nothing measured: what stands there stays', 'vxlan', undefined, 1400, 1400],
    ['all ways carry what the cards take', 'vxlan', measured(1500), undefined, undefined],
    ['and no longer less than that', 'vxlan', measured(1500), 1400, undefined],
    ['a narrow way', 'vxlan', measured(1400), undefined, 1400],
    ['jumbo cards with one plain one', 'vxlan', measured(1500, { cardBytes: 9000 }), undefined, 1500],
    ['a wider way than was recorded', 'vxlan', measured(1450), 1400, 1450],
    ['part of the ways, wider: not believed', 'vxlan', measured(1450, { isWhole: false }), 1400, 1400],
    ['part of the ways, all wide: not believed', 'vxlan', measured(1500, { isWhole: false }), 1400, 1400],
    ['part of the ways, narrower', 'vxlan', measured(1300, { isWhole: false }), 1400, 1300],
    ['part of the ways, the first time', 'vxlan', measured(1400, { isWhole: false }), undefined, 1400],
    ['WireGuard', 'wireguard', measured(1400, { network: 'flannel wireguard' }), undefined, 1400],
    ['host-gw has no such key', 'host-gw', measured(1400, { network: 'flannel host-gw' }), 1400, undefined],
  ] as const)('%s', (...[, backend, seen, recorded, wanted]) => {
    expect(autoMtu(flannelMtu(backend), seen, recorded)).toBe(wanted)
  })
  it.each([
    ['nothing measured: Felix goes by the cards', undefined, undefined, undefined],
    ['what was measured is always said, for Felix would say something else', measured(1500), undefined, 1450],
    ['a narrow way', measured(1400), 1450, 1350],
    ['part of the ways, wider: not believed', measured(1500, { isWhole: false }), 1350, 1350],
  ] as const)('of Calico and Canal: %s', (...[, seen, recorded, wanted]) => {
    expect(autoMtu(calicoMtu(), seen, recorded)).toBe(wanted)
  })
  it.each([
    [
      'what the cards take: Cilium takes off the rest',
      'cilium vxlan',
      measured(1500, { network: 'cilium vxlan' }),
      undefined,
    ],
    ['a narrow way', 'cilium vxlan', measured(1400, { network: 'cilium vxlan' }), 1400],
  ] as const)('of Cilium: %s', (...[, , seen, wanted]) => {
    const network = { ...settings.network, cni: 'cilium' as const }
    expect(autoMtu(ciliumMtu(network), seen, undefined)).toBe(wanted)
  })
  it('over IPv6 leaves room for the bigger header, which flannel does not reckon with', () => {
    const pods = podMtu([{ from: 'a', to: 'b', bytes: 1500, ipv6: true }], 'flannel vxlan')
    if (!pods) throw new Error('a path was given')
    expect(autoMtu(flannelMtu('vxlan'), { pods, cardBytes: 1500, isWhole: true }, undefined)).toBe(1480)
  })
  it('is read back from the living configuration, whatever stands there', () => {
    expect(recordedMtu(undefined)).toBeUndefined()
    expect(recordedMtu(configOf(flannelObjects(manifest, settings)))).toBeUndefined()
    expect(recordedMtu(configOf(flannelObjects(manifest, { ...settings, backendMtu: 1400 })))).toBe(1400)
    for (const text of ['{', '[]', '{"Backend":{"MTU":"1400"}}'])
      expect(recordedMtu({ ...configOf(flannelObjects(manifest, settings)), data: { 'net-conf.json': text } })).toBe(
        undefined,
      )
  })
  it('tells nodes what to wait for: exactly that when all was measured, at most that when a part was', () => {
    const known = (value: MeasuredMtu) => Value.of('what fits', value)
    const unknown = new Value<MeasuredMtu | undefined>('what fits', new Promise(() => undefined))
    const { network } = settings
    expect(podMtuBounds(network, unknown)).toBeUndefined()
    expect(podMtuBounds(network, known(measured(1400)))).toEqual({ least: 1350, most: 1350 })
    expect(podMtuBounds(network, known(measured(1400, { isWhole: false })))).toEqual({ least: 0, most: 1350 })
    expect(podMtuBounds(forced.network, unknown)).toEqual({ least: 1300, most: 1300 })
    expect(podMtuBounds({ ...network, backend: 'host-gw' }, known(measured(1400)))).toBeUndefined()
  })
})

describe('Flannel once the living objects are seen', () => {
  it('is as it stands where nothing was measured', () => {
    const live = flannelObjects(manifest, { ...settings, backendMtu: 1400 })
    expect(settledFlannel(manifest, settings)(live)).toEqual({ objects: live, changes: [] })
  })
  it('takes what this run measured, says why, and rolls the DaemonSet', () => {
    const live = flannelObjects(manifest, settings)
    const { objects, changes } = settledFlannel(manifest, settings, Value.of('what fits', measured(1400)))(live)
    expect(recordedMtu(configOf(objects))).toBe(1400)
    expect(changes).toEqual([
      {
        what: 'MTU of pods',
        from: 'that of the card less 50',
        to: '1400 (a → b) − 50 (VXLAN over IPv4) = 1350',
        disrupts: 'restarts Flannel on every node; pods that run keep their MTU until they are restarted',
      },
    ])
    expect(rolledBy(objects)).toBeDefined()
    expect(rolledBy(objects)).not.toBe(rolledBy(live))
  })
  it('does what the inventory says where it says a number', () => {
    const live = flannelObjects(manifest, { ...settings, backendMtu: 1400 })
    const { objects, changes } = settledFlannel(manifest, forced)(live)
    expect(recordedMtu(configOf(objects))).toBe(1350)
    expect(changes).toMatchObject([{ from: '1350', to: '1300' }])
    expect(settledFlannel(manifest, forced)(objects)).toEqual({ objects, changes: [] })
  })
  it('is the same a second time, in a run that measures nothing', () => {
    const first = settledFlannel(manifest, settings, Value.of('what fits', measured(1400)))([])
    const second = settledFlannel(manifest, settings)(first.objects)
    expect(second).toEqual({ objects: first.objects, changes: [] })
  })
})

describe('what was measured', () => {
  const way = (from: string, to: string, bytes: number) => ({
    ...{ from, to, reached: 1, others: [] },
    mtu: { pathBytes: bytes, linkBytes: 1500 },
  })
  const seen: PeersSeen = {
    hosts: ['a', 'b'].map((host) => ({ host, address: '10.0.0.1', points: [] })),
    pairs: [way('a', 'b', 1500), way('b', 'a', 1400)],
  }
  it('is whole when every way between hosts of the inventory is in it', () => {
    expect(measuredMtu(seen, 'flannel vxlan', 2)).toMatchObject({
      pods: { bytes: 1350 },
      cardBytes: 1500,
      isWhole: true,
    })
    expect(measuredMtu(seen, 'flannel vxlan', 3)).toMatchObject({ isWhole: false })
    const { mtu: _unknown, ...unmeasured } = way('b', 'a', 1400)
    const half = { ...seen, pairs: [way('a', 'b', 1500), unmeasured] }
    expect(measuredMtu(half, 'flannel vxlan', 2)).toMatchObject({ pods: { bytes: 1450 }, isWhole: false })
  })
  it('is nothing where no packet came back', () => {
    expect(measuredMtu({ ...seen, pairs: [] }, 'flannel vxlan', 2)).toBeUndefined()
  })
})
