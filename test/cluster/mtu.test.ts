import { describe, expect, it } from 'vitest'
import { ENCAPSULATION, flannelBackendMtu, mtuTrouble, type PathMtu, podMtu } from '../../src/cluster/mtu.ts'

const path = (from: string, to: string, bytes: number, ipv6 = false): PathMtu => ({ from, to, bytes, ipv6 })

describe('MTU of pods', () => {
  it.each([
    ['flannel vxlan', 1500, false, 1450],
    ['flannel vxlan', 9000, false, 8950],
    ['flannel vxlan', 1500, true, 1430],
    ['flannel wireguard', 1500, false, 1420],
    ['flannel host-gw', 1500, false, 1500],
    ['calico ipip', 1500, false, 1480],
    ['calico vxlan', 1400, false, 1350],
    ['calico wireguard', 1500, false, 1440],
    ['calico wireguard', 1500, true, 1420],
    ['cilium geneve', 1500, true, 1430],
    ['cilium native', 1500, false, 1500],
  ] as const)('%s over %i bytes (IPv6: %s) leaves %i', (network, bytes, ipv6, pods) => {
    expect(podMtu([path('a', 'b', bytes, ipv6)], network)?.bytes).toBe(pods)
  })
  it('is that of the narrowest way', () => {
    const paths = [path('a', 'b', 1500), path('b', 'a', 1400), path('a', 'c', 1450)]
    expect(podMtu(paths, 'flannel vxlan')).toMatchObject({
      bytes: 1350,
      path: { from: 'b', to: 'a' },
      arithmetic: '1400 (b → a) − 50 (VXLAN over IPv4) = 1350',
    })
  })
  it('is unknown where nothing was measured', () => {
    expect(podMtu([], 'flannel vxlan')).toBeUndefined()
  })
  it('adds at least an IP header wherever it adds anything, and never less over IPv6', () => {
    for (const { ipv4Bytes, ipv6Bytes } of Object.values(ENCAPSULATION)) {
      expect(ipv4Bytes === 0 || ipv4Bytes >= 20).toBe(true)
      expect(ipv6Bytes).toBeGreaterThanOrEqual(ipv4Bytes)
    }
  })
})

describe('an MTU written by hand', () => {
  const measured = podMtu([path('n1', 'n3', 1400)], 'flannel vxlan')!
  it('that is too big is refused with the arithmetic', () => {
    expect(mtuTrouble(1450, measured)).toEqual({
      what: 'network.mtu is 1450, and pods can have 1350 at most: 1400 (n1 → n3) − 50 (VXLAN over IPv4) = 1350',
      where: 'network.mtu',
      why: 'a full packet of 1450 bytes becomes 1500 on the way from n1 to n3, which carries 1400: it would be dropped without a word',
      fix: 'write mtu: auto, or 1350; or mend the way between n1 and n3 so that it carries 1500 bytes',
    })
    expect(mtuTrouble(1351, measured)).toBeDefined()
  })
  it('that fits, or is smaller, may stand', () => {
    expect(mtuTrouble(1350, measured)).toBeUndefined()
    expect(mtuTrouble(1280, measured)).toBeUndefined()
  })
  it('is told to flannel with what flannel takes off again', () => {
    expect(flannelBackendMtu(1450, 'vxlan')).toBe(1500)
    expect(flannelBackendMtu(1420, 'wireguard')).toBe(1500)
    expect(flannelBackendMtu(1500, 'host-gw')).toBeUndefined()
  })
})
