import { randomBytes } from 'node:crypto'
import { EXIT, type ExitCode } from '../core/errors.ts'
import type { PathPart, Report } from '../core/events.ts'
import type { Answers, AnyProbe } from '../core/fact.ts'
import type { Connect, LockHolder } from '../core/host.ts'
import type { Gate } from '../core/host-run.ts'
import { type HostPlan, pending } from '../core/plan.ts'
import { plannedResource } from '../core/plan-host.ts'
import type { Compiled } from '../core/play.ts'
import { argv as shellWords } from '../core/quote.ts'
import { run } from '../core/run.ts'
import { planText } from '../render/plan.ts'
import { afterActing, afterFetching, afterJudging, afterLooking, type Closing } from './closing.ts'
import { AskOnce, actAtOnce, lookOnly, Turnstile } from './gates.ts'
import { RunLog } from './run-log.ts'
import type { Screen } from './screen.ts'
import type { World } from './world.ts'

/** `look`: change nothing. `judge`: the same, for requirements alone; `fetch`: the same, and say nothing when all is well. `act`: at once. `ask`: one question for all hosts. Or a gate of the verb's own. */
export type Consent = 'look' | 'judge' | 'fetch' | 'act' | 'ask' | Gate

export interface Visit {
  /** Names this run on the hosts: its locks, journals and staging folders. */
  readonly run: string
  readonly world: World
  readonly screen: Screen
  readonly compiled: readonly Compiled[]
  /** Machines that do not exist yet, and what they would be: planned without a look. */
  readonly missing: ReadonlyMap<string, string>
  readonly connect: Connect
  readonly consent: Consent
  /** What had to be done on this machine first. */
  readonly before: readonly PathPart[]
  readonly collect: readonly AnyProbe[]
  readonly forks: number
  readonly verbose: boolean
}

export interface VisitResult {
  readonly exit: ExitCode
  readonly plans: readonly HostPlan[]
  readonly answers: ReadonlyMap<string, Answers>
  readonly isPending: boolean
}

/** Lets the engine loose on hosts, and says what came of it. */
export async function visit(input: Visit): Promise<VisitResult> {
  const { world, screen, compiled, missing, verbose } = input
  const log = new RunLog()
  screen.listen((event) => log.on(event))
  for (const each of compiled) {
    const text = missing.get(each.host)
    if (text === undefined) continue
    screen.report({ type: 'notice', host: each.host, text })
    screen.report({ type: 'plan', host: each.host, plan: unseenPlan(each) })
  }
  const result = await run({
    run: input.run,
    hosts: compiled.filter(({ host }) => !missing.has(host)),
    ...consented(input),
    holder: holder(world, input.run),
    clock: screen.clock,
    signal: world.signal,
    collect: input.collect,
  })
  const ms = screen.clock()
  const criticalPath = [...input.before, ...result.criticalPath]
  screen.report({ type: 'end', ms, exit: result.exit, hosts: result.hosts, criticalPath })
  const closing = {
    ...{ log, argv: world.argv, paint: screen.paint, verbose, ms },
    ...(world.stdout.isTTY === true ? { columns: world.stdout.columns } : {}),
    ...{ exit: result.exit, criticalPath, proofKeys: proofKeys(compiled) },
  }
  screen.say(lastWords(input.consent)(closing))
  const plans = [...log.plans.values()]
  return {
    exit: result.exit,
    plans,
    answers: result.answers,
    isPending: plans.some((plan) => pending(plan).length > 0),
  }
}

function lastWords(consent: Consent): (closing: Closing) => readonly string[] {
  if (consent === 'look') return afterLooking
  if (consent === 'judge') return afterJudging
  return consent === 'fetch' ? afterFetching : afterActing
}

interface Consented {
  readonly gate: Gate
  readonly connect: Connect
  readonly forks: number
  readonly report: Report
}

function consented({ consent, connect, forks, screen, compiled, missing, verbose }: Visit): Consented {
  if (consent === 'look' || consent === 'judge' || consent === 'fetch')
    return { gate: lookOnly, connect, forks, report: screen.report }
  if (consent === 'act') return { gate: actAtOnce, connect, forks, report: screen.report }
  if (typeof consent === 'function') return { gate: consent, connect, forks, report: screen.report }
  const hosts = compiled.map(({ host }) => host).filter((host) => !missing.has(host))
  const seen: HostPlan[] = []
  const once = new AskOnce(hosts, (plans) => {
    const question = plans.length === 1 ? 'Change it?' : `Change these ${plans.length} hosts?`
    return screen.ask(['', ...planText(seen, { paint: screen.paint, verbose }), ''], question)
  })
  const turnstile = new Turnstile(forks)
  screen.listen((event) => {
    if (event.type === 'plan') seen.push(event.plan)
  })
  // Not from the screen: what is shown is redacted, and a password may read like the name of a host.
  const report: Report = (event) => {
    screen.report(event)
    if (event.type !== 'host') return
    turnstile.leave(event.host)
    once.arrived(event.host)
  }
  return {
    gate: turnstile.gate(once.gate),
    connect: turnstile.connect(connect),
    forks: Math.max(1, hosts.length),
    report,
  }
}

/** All that can honestly be said of a machine that does not exist: what would be looked at once it does. */
function unseenPlan(compiled: Compiled): HostPlan {
  const after = [`making ${compiled.host}`]
  const resources = compiled.resources.map((item) => plannedResource(item, undefined, after))
  return { host: compiled.host, hostKey: '', resources }
}

function proofKeys(compiled: readonly Compiled[]): ReadonlySet<string> {
  return new Set(
    compiled.flatMap(({ resources }) =>
      resources.filter(({ tag }) => tag === 'prove').map((item) => item.resource.key),
    ),
  )
}

/** When it began, and something nobody else has: `20261123t055312-a1b2c3`. */
export function newRunId(): string {
  const now = new Date()
    .toISOString()
    .replace(/\.\d+Z$/, '')
    .replaceAll(/[-:]/g, '')
    .toLowerCase()
  return `${now}-${randomBytes(3).toString('hex')}`
}

function holder(world: World, id: string): LockHolder {
  return {
    run: id,
    who: `${world.user}@${world.machine}`,
    command: shellWords(['provision', ...world.argv]),
    since: new Date().toISOString(),
  }
}

/** Exit code of a visit whose caller wants to tell "changes" from "none". */
export function detailedExit({ exit, isPending }: VisitResult): ExitCode {
  return exit === EXIT.ok && isPending ? EXIT.changes : exit
}
