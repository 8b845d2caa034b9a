import { EXIT } from '../../core/errors.ts'
import type { HostResult } from '../../core/events.ts'
import { pending } from '../../core/plan.ts'
import { count, duration } from '../figure.ts'
import { countPlan, describeChanges } from '../plan-count.ts'
import { html, type Markup } from './markup.ts'
import { badge, type Tone } from './parts.ts'
import type { ReportView } from './report-data.ts'

export interface Verdict {
  readonly tone: Tone
  readonly word: string
  readonly sentence: string
}

/** What a reader who reads one line must know. */
export function verdictOf(data: ReportView): Verdict {
  const { results, exit, declined, ms } = data
  const time = duration(ms)
  const hosts = count(results.length + data.unvisited.length, 'host')
  if (declined)
    return { tone: 'warn', word: 'declined', sentence: 'The plan was shown and not agreed to: nothing was changed.' }
  if (exit === EXIT.interrupted)
    return { tone: 'bad', word: 'stopped', sentence: `Stopped by the user after ${time}; the same command goes on.` }
  const bad = results.filter(({ verdict }) => verdict !== 'ok')
  const unmet = new Set(data.seen.flatMap(({ host, resource }) => (resource.verdict === 'unmet' ? [host] : [])))
  const troubled = new Set([...bad.map(({ host }) => host), ...unmet])
  if (troubled.size > 0) {
    const words = [...Map.groupBy(bad, ({ verdict }) => verdict)].map(([verdict, some]) => `${some.length} ${verdict}`)
    const what = words.join(', ') || `${unmet.size} unmet`
    const made = data.aim === 'act' ? ` ${count(changesOf(results), 'change')} made.` : ' Nothing was changed.'
    return { tone: 'bad', word: wordOf(exit), sentence: `${troubled.size} of ${hosts}: ${what}.${made} ${time}.` }
  }
  return wellDone(data, hosts, time)
}

function wellDone({ aim, plans, results, unvisited }: ReportView, hosts: string, time: string): Verdict {
  if (aim === 'judge' && unvisited.length > 0) {
    const sentence = `${unvisited.length} of ${hosts} could not be judged: nothing is there yet.`
    return { tone: 'warn', word: 'not seen', sentence }
  }
  if (aim === 'judge')
    return { tone: 'good', word: 'good enough', sentence: `${hosts} may become a cluster. Measured in ${time}.` }
  if (aim === 'prove')
    return {
      tone: 'good',
      word: 'proven',
      sentence: `The network of ${hosts} works, as pods on them see it. Measured in ${time}.`,
    }
  if (aim === 'look' && plans.some((plan) => pending(plan).length > 0)) {
    const what = describeChanges(countPlan(plans))
    return { tone: 'warn', word: 'dry run', sentence: `${what} on ${hosts}. Nothing was changed.` }
  }
  const changed = changesOf(results)
  if (changed === 0)
    return { tone: 'good', word: 'nothing to change', sentence: `${hosts} as wanted, seen in ${time}.` }
  return { tone: 'good', word: 'done', sentence: `${count(changed, 'change')} on ${hosts} in ${time}.` }
}

/** As exit codes are called: the most pressing verdict of all hosts. */
function wordOf(exit: number): string {
  return Object.entries(EXIT).find(([name, code]) => code === exit && name !== 'ok')?.[0] ?? 'failed'
}

function changesOf(results: readonly HostResult[]): number {
  return results.reduce((sum, { changed }) => sum + changed, 0)
}

/** Who did what to which cluster, when, and how it went. */
export function masthead(data: ReportView): Markup {
  const { cluster, who, startedAt, ms, timeline } = data
  const { tone, word, sentence } = verdictOf(data)
  const run = timeline.run
  const facts: readonly (readonly [string, Markup])[] = [
    ['began', html`<time datetime="${startedAt.toISOString()}">${moment(startedAt)}</time>`],
    ['took', html`${duration(ms)}`],
    ['by', html`${who}`],
    ['provision', html`${run?.version}`],
    ['run', html`<code>${run?.run}</code>`],
    ['command', html`<code>${run?.command}</code>`],
  ]
  return html`<header>
<p class="over">provision report</p>
<h1>${cluster} ${badge(tone, word)}</h1>
<p class="lead">${sentence}</p>
<dl class="facts">${facts.map(([name, value]) => html`<div><dt>${name}</dt><dd>${value}</dd></div>`)}</dl>
${tiles(data)}</header>`
}

/** `2026-11-23 06:30 UTC`. */
function moment(date: Date): string {
  return `${date.toISOString().slice(0, 16).replace('T', ' ')} UTC`
}

function tiles(data: ReportView): Markup {
  const { results, plans, proofKeys, seen } = data
  const { met, accepted, unmet, advised } = countPlan(plans)
  const proof = seen.filter(({ resource }) => proofKeys.has(resource.key))
  const held = proof.filter(({ resource }) => resource.verdict === 'same')
  const channels = results.reduce((most, { counters }) => Math.max(most, counters.channels), 0)
  const judged = met + accepted + unmet + advised
  const all: readonly (readonly [string, string, string])[] = [
    [
      `${results.filter(({ verdict }) => verdict === 'ok').length}/${results.length + data.unvisited.length}`,
      'hosts well',
      '',
    ],
    ...(data.aim === 'act' ? [[changesOf(results).toLocaleString('en'), 'changes made', ''] as const] : []),
    ...(judged > 0 ? [[`${met}/${judged}`, 'requirements met', others({ accepted, advised, unmet })] as const] : []),
    ...(proof.length > 0 ? [[`${held.length}/${proof.length}`, 'proofs hold', ''] as const] : []),
    [String(channels), 'channels on the busiest host', ''],
  ]
  return html`<ul class="tiles">${all.map(([figure, what, more]) => html`<li><b>${figure}</b><span>${what}</span><small>${more}</small></li>`)}</ul>`
}

function others(counts: Readonly<Record<string, number>>): string {
  return Object.entries(counts)
    .flatMap(([what, number]) => (number > 0 ? [`${number} ${what === 'advised' ? 'not as advised' : what}`] : []))
    .join(', ')
}
