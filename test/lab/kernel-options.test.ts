import { describe, expect, it } from 'vitest'
import { configLines, KERNEL_OPTIONS, unmetOptions } from '../../src/lab/uml/kernel-options.ts'

const options = new Map([
  ['NET', 'y'],
  ['IP_VS', 'm'],
  ['SMP', 'n'],
] as const)

describe('kernel options', () => {
  it('become lines for olddefconfig', () => {
    expect(configLines(options)).toBe('CONFIG_NET=y\nCONFIG_IP_VS=m\n# CONFIG_SMP is not set\n')
  })
  it('are met by a configuration that has them so', () => {
    expect(unmetOptions(options, 'CONFIG_NET=y\nCONFIG_IP_VS=m\n# CONFIG_SMP is not set\n')).toEqual([])
    expect(unmetOptions(options, 'CONFIG_NET=y\nCONFIG_IP_VS=m\n')).toEqual([])
  })
  it('are named one by one when they are otherwise', () => {
    expect(unmetOptions(options, 'CONFIG_NET=m\nCONFIG_SMP=y\nCONFIG_NETWORK=y\n')).toEqual([
      'NET: wanted y, is m',
      'IP_VS: wanted m, is n',
      'SMP: wanted n, is y',
    ])
  })
  it('have the modules that the engine must be seen to load, and each option once', () => {
    for (const name of [
      'IP_VS',
      'IP_VS_RR',
      'IP_VS_WRR',
      'IP_VS_SH',
      'NF_CONNTRACK',
      'BRIDGE_NETFILTER',
      'OVERLAY_FS',
    ]) {
      expect([name, KERNEL_OPTIONS.get(name)]).toEqual([name, 'm'])
    }
    const lines = configLines(KERNEL_OPTIONS).match(/CONFIG_\w+/g) ?? []
    expect(lines).toEqual([...new Set(lines)])
    expect(lines.every((line) => /^CONFIG_[A-Z0-9_]+$/.test(line))).toBe(true)
  })
})
