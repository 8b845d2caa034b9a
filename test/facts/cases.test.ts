import { readdirSync, readFileSync } from 'node:fs'
import { join } from 'node:path'
import { describe, expect, test } from 'vitest'
import { parse } from 'yaml'
import type { Fact, Line } from '../../src/core/fact.ts'
import { addressUse } from '../../src/facts/address-use.ts'
import { archFact } from '../../src/facts/arch.ts'
import { blockDevice } from '../../src/facts/block-device.ts'
import { carrier } from '../../src/facts/carrier.ts'
import { cgroup } from '../../src/facts/cgroup.ts'
import { clock } from '../../src/facts/clock.ts'
import { cpu } from '../../src/facts/cpu.ts'
import { cpuTime } from '../../src/facts/cpu-time.ts'
import { diskSpace } from '../../src/facts/disk-space.ts'
import { nameservers, resolution } from '../../src/facts/dns.ts'
import { downloadPlaceFact } from '../../src/facts/download-place.ts'
import { flannelSubnet } from '../../src/facts/flannel-subnet.ts'
import { fsync } from '../../src/facts/fsync.ts'
import { fsyncRecorded } from '../../src/facts/fsync-recorded.ts'
import { gatewayRoutes } from '../../src/facts/gateway-routes.ts'
import { identity } from '../../src/facts/identity.ts'
import { kernel } from '../../src/facts/kernel.ts'
import { kernelConfig } from '../../src/facts/kernel-config.ts'
import { linkMtu } from '../../src/facts/link-mtu.ts'
import { memory } from '../../src/facts/memory.ts'
import { osRelease } from '../../src/facts/os-release.ts'
import { portOwners } from '../../src/facts/port.ts'
import { proxyRules } from '../../src/facts/proxy-rules.ts'
import { tool } from '../../src/facts/tool.ts'
import { virtualisation } from '../../src/facts/virtualisation.ts'

const FACTS: Readonly<Record<string, Fact<never, unknown>>> = Object.fromEntries(
  [
    addressUse,
    archFact,
    blockDevice,
    carrier,
    cgroup,
    clock,
    cpu,
    cpuTime,
    diskSpace,
    downloadPlaceFact,
    flannelSubnet,
    fsync,
    fsyncRecorded,
    gatewayRoutes,
    identity,
    kernel,
    kernelConfig,
    linkMtu,
    memory,
    nameservers,
    osRelease,
    portOwners,
    proxyRules,
    resolution,
    tool,
    virtualisation,
  ].map((fact) => [fact.name, fact as unknown as Fact<never, unknown>]),
)

const FOLDER = join(import.meta.dirname, '../cases/facts')

/** What a host printed for one fact, and what must be made of it. */
interface Case {
  /** Where the lines come from: a capture, or the document they were written after. */
  readonly source: string
  readonly ask?: unknown
  /** Fields after the id, separated by tabs, one line each. */
  readonly lines: string
  readonly value: unknown
}

test('every fact has a folder of cases, and every folder a fact', () => {
  expect(readdirSync(FOLDER).toSorted()).toEqual(Object.keys(FACTS).toSorted())
})

describe.each(Object.keys(FACTS))('%s', (name) => {
  const fact = FACTS[name]
  const files = readdirSync(join(FOLDER, name))
  test.each(files)('%s', (file) => {
    const { source, ask, lines, value } = parse(readFileSync(join(FOLDER, name, file), 'utf8')) as Case
    expect(source).toMatch(/\w+ \w+/)
    const fields = (lines ?? '').split('\n').flatMap((line): Line[] => (line === '' ? [] : [line.split('\t')]))
    expect(plain(fact?.parse(fields, ask as never))).toEqual(value ?? undefined)
  })
})

/** Values as YAML can write them. */
function plain(value: unknown): unknown {
  if (value instanceof Set) return [...value].toSorted()
  if (value instanceof Map) return Object.fromEntries([...value].map(([key, one]) => [key, plain(one)]))
  if (Array.isArray(value)) return value.map(plain)
  if (typeof value !== 'object' || value === null) return value
  return Object.fromEntries(
    Object.entries(value).flatMap(([key, one]) => (one === undefined ? [] : [[key, plain(one)]])),
  )
}
