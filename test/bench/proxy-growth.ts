import { mkdir, readFile, rm, writeFile } from 'node:fs/promises'
import { join } from 'node:path'
import type { ProxyMode } from '../../src/catalog/proxy-rules.ts'
import { answersOf, probe } from '../../src/core/fact.ts'
import { quote } from '../../src/core/quote.ts'
import { ipvsTable } from '../../src/facts/ipvs.ts'
import { proxyRulesProbe } from '../../src/facts/proxy-rules.ts'
import { type LogPlot, logPlots } from './log-plot.ts'
import { connections, growTo, MODE, oneMore, PREPARE, REMOVE } from './proxy-services.ts'

const MODES = ['iptables', 'ipvs', 'nftables'] as const satisfies readonly ProxyMode[]
const SIZES = [10, 100, 1000]
const CONNECTIONS = 300
const API_SERVICE = '10.96.0.1'

/** A machine with a cluster of its own. */
export interface BenchMachine {
  /** Puts kube-proxy into this mode, by `provision up`. */
  choose(mode: ProxyMode): Promise<void>
  /** Runs sh there; its standard output. @throws when it fails */
  sh(script: string): Promise<string>
}

/** What was seen with so many Services in one mode. */
export interface Growth {
  readonly mode: ProxyMode
  readonly services: number
  readonly rules: number
  readonly nftElements: number
  readonly ipvsEntries: number
  /** The API server taking the Services; from then until the last one answers. */
  readonly createdSeconds: number
  readonly programmedSeconds: number
  /** Processor time of kube-proxy over both. */
  readonly cpuSeconds: number
  /** One Service more: until it answers, and what that cost kube-proxy. */
  readonly oneMoreSeconds: number
  readonly oneMoreCpuSeconds: number
  /** A new connection to the last Service. */
  readonly connectMedianMicros: number
  readonly connectP99Micros: number
}

/**
 * How each mode grows with the number of Services, each with one endpoint that listens. Figures go to `proxy-growth.json` of
 * `folder` and the plot beside it. What is measured is kept a mode at a time: a run that was cut off goes on with the next.
 */
export async function* proxyGrowth(
  machine: BenchMachine,
  folder: string,
  sizes: readonly number[] = SIZES,
): AsyncGenerator<string> {
  await mkdir(folder, { recursive: true })
  const part = join(folder, 'proxy-growth.part.json')
  const all = JSON.parse(await readFile(part, 'utf8').catch(() => '[]')) as Growth[]
  yield HEAD
  for (const mode of MODES) {
    if (!all.some((one) => one.mode === mode)) {
      all.push(...(await measured(machine, mode, sizes)))
      await writeFile(part, JSON.stringify(all))
    }
    yield* all.filter((one) => one.mode === mode).map(row)
  }
  await machine.sh(REMOVE)
  await writeFile(join(folder, 'proxy-growth.json'), `${JSON.stringify(all, undefined, 2)}\n`)
  await writeFile(join(folder, 'proxy-growth.svg'), logPlots(plotsOf(all)))
  await rm(part)
  yield `figures and plot: ${join(folder, 'proxy-growth.{json,svg}')}`
}

async function measured(machine: BenchMachine, mode: ProxyMode, sizes: readonly number[]): Promise<readonly Growth[]> {
  await machine.sh(REMOVE)
  await machine.choose(mode)
  await machine.sh(PREPARE)
  const said = (await machine.sh(MODE)).trim()
  if (said !== mode) throw new Error(`kube-proxy is in mode ${said}, not ${mode}`)
  const all: Growth[] = []
  for (const [i, services] of sizes.entries()) all.push(await grow(machine, mode, sizes[i - 1] ?? 0, services))
  return all
}

async function grow(machine: BenchMachine, mode: ProxyMode, from: number, services: number): Promise<Growth> {
  const grown = words(await machine.sh(growTo(from, services)))
  const times = (await machine.sh(connections(services, CONNECTIONS)))
    .trim()
    .split('\n')
    .map(Number)
    .toSorted((a, b) => a - b)
  const counts = await countIn(machine, mode)
  const one = words(await machine.sh(oneMore(services)))
  return {
    mode,
    services,
    ...counts,
    createdSeconds: grown.created ?? Number.NaN,
    programmedSeconds: grown.programmed ?? Number.NaN,
    cpuSeconds: grown.cpu ?? Number.NaN,
    oneMoreSeconds: one.one ?? Number.NaN,
    oneMoreCpuSeconds: one['one-cpu'] ?? Number.NaN,
    connectMedianMicros: times[times.length >> 1] ?? Number.NaN,
    connectP99Micros: times[Math.floor(times.length * 0.99)] ?? Number.NaN,
  }
}

/** The same facts that `up` counts by. */
async function countIn(machine: BenchMachine, mode: ProxyMode) {
  const rules = proxyRulesProbe({ mode, address: API_SERVICE })
  const table = probe(ipvsTable, 'table')
  const outputs = new Map<string, { code: number; text: string; stderr: string; truncated: boolean }>()
  for (const [name, script] of [
    [rules.fact.name, rules.fact.script([rules.ask])],
    [table.fact.name, table.fact.script(['table'])],
  ] as const) {
    outputs.set(name, { code: 0, text: await machine.sh(`sh -c ${quote(script)}`), stderr: '', truncated: false })
  }
  const answers = answersOf(outputs)
  const { iptables, nft } = answers.get(rules)
  const servers = answers.get(table)
  const real = servers.reduce((sum, { realServers }) => sum + realServers, 0)
  return { rules: iptables + (nft?.rules ?? 0), nftElements: nft?.elements ?? 0, ipvsEntries: servers.length + real }
}

/** `name figure` lines. */
function words(text: string): Readonly<Record<string, number>> {
  return Object.fromEntries(
    text
      .trim()
      .split('\n')
      .map((line) => line.split(' '))
      .map(([name = '', figure]) => [name, Number(figure)]),
  )
}

const COLUMNS = [
  'mode',
  'Services',
  'rules',
  'nft elements',
  'IPVS entries',
  'created s',
  'then programmed s',
  'CPU s',
  'one more s',
  'its CPU s',
  'connect µs',
  'p99 µs',
]

const HEAD = COLUMNS.map((name, i) => name.padStart(i === 0 ? 8 : Math.max(8, name.length))).join('  ')

function row(one: Growth): string {
  const { mode, services, rules, nftElements, ipvsEntries, ...rest } = one
  const seconds = [
    rest.createdSeconds,
    rest.programmedSeconds,
    rest.cpuSeconds,
    rest.oneMoreSeconds,
    rest.oneMoreCpuSeconds,
  ]
  const cells = [
    mode,
    services,
    rules,
    nftElements,
    ipvsEntries,
    ...seconds.map((value) => value.toFixed(2)),
    rest.connectMedianMicros,
    rest.connectP99Micros,
  ]
  return cells.map((cell, i) => String(cell).padStart(i === 0 ? 8 : Math.max(8, COLUMNS[i]?.length ?? 0))).join('  ')
}

function plotsOf(all: readonly Growth[]): readonly LogPlot[] {
  const lines = (value: (one: Growth) => number) =>
    MODES.map((mode) => ({
      name: mode,
      points: all.filter((one) => one.mode === mode).map((one) => [one.services, value(one)] as const),
    }))
  const x = 'Services'
  return [
    { title: 'Rules a packet may walk through', x, y: 'rules in the kernel', lines: lines(({ rules }) => rules) },
    {
      title: 'One more Service',
      x,
      y: 'kube-proxy, CPU seconds',
      lines: lines(({ oneMoreCpuSeconds }) => oneMoreCpuSeconds),
    },
    {
      title: 'A new connection to the last Service',
      x,
      y: 'median, microseconds',
      lines: lines(({ connectMedianMicros }) => connectMedianMicros),
    },
  ]
}
