import { randomBytes } from 'node:crypto'
import { EXIT, type ExitCode } from '../core/errors.ts'
import type { Answers, AnyProbe } from '../core/fact.ts'
import type { Connect, LockHolder } from '../core/host.ts'
import type { Gate } from '../core/host-run.ts'
import { type HostPlan, pending } from '../core/plan.ts'
import { plannedResource } from '../core/plan-host.ts'
import type { Compiled } from '../core/play.ts'
import { argv as shellWords } from '../core/quote.ts'
import { run } from '../core/run.ts'
import { planText } from '../render/plan.ts'
import { afterActing, afterLooking } from './closing.ts'
import { AskOnce, actAtOnce, lookOnly, Turnstile } from './gates.ts'
import { RunLog } from './run-log.ts'
import type { Screen } from './screen.ts'
import type { World } from './world.ts'

/** `look`: change nothing. `act`: at once. `ask`: one question for all hosts. Or a gate of the verb's own. */
export type Consent = 'look' | 'act' | 'ask' | Gate

export interface Visit {
  readonly world: World
  readonly screen: Screen
  readonly compiled: readonly Compiled[]
  /** Machines that do not exist yet, and what they would be: planned without a look. */
  readonly missing: ReadonlyMap<string, string>
  readonly connect: Connect
  readonly consent: Consent
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
  for (const each of compiled.filter(({ host }) => missing.has(host))) {
    screen.report({ type: 'plan', host: each.host, plan: unseenPlan(each, missing.get(each.host) ?? '') })
  }
  const id = runId()
  const result = await run({
    run: id,
    hosts: compiled.filter(({ host }) => !missing.has(host)),
    ...consented(input),
    holder: holder(world, id),
    report: screen.report,
    clock: screen.clock,
    signal: world.signal,
    collect: input.collect,
  })
  const ms = screen.clock()
  screen.report({ type: 'end', ms, exit: result.exit, hosts: result.hosts, criticalPath: result.criticalPath })
  const closing = {
    ...{ log, argv: world.argv, paint: screen.paint, verbose, ms },
    ...{ exit: result.exit, criticalPath: result.criticalPath, proofKeys: proofKeys(compiled) },
  }
  screen.say(input.consent === 'look' ? afterLooking(closing) : afterActing(closing))
  const plans = [...log.plans.values()]
  return {
    exit: result.exit,
    plans,
    answers: result.answers,
    isPending: plans.some((plan) => pending(plan).length > 0),
  }
}

interface Consented {
  readonly gate: Gate
  readonly connect: Connect
  readonly forks: number
}

function consented({ consent, connect, forks, screen, compiled, missing, verbose }: Visit): Consented {
  if (consent === 'look') return { gate: lookOnly, connect, forks }
  if (consent === 'act') return { gate: actAtOnce, connect, forks }
  if (typeof consent === 'function') return { gate: consent, connect, forks }
  const hosts = compiled.map(({ host }) => host).filter((host) => !missing.has(host))
  const seen: HostPlan[] = []
  const once = new AskOnce(hosts, (plans) => {
    const question = plans.length === 1 ? 'Change it?' : `Change these ${plans.length} hosts?`
    return screen.ask(['', ...planText(seen, { paint: screen.paint, verbose }), ''], question)
  })
  const turnstile = new Turnstile(forks)
  screen.listen((event) => {
    if (event.type === 'plan') seen.push(event.plan)
    if (event.type !== 'host') return
    turnstile.leave(event.host)
    once.arrived(event.host)
  })
  return { gate: turnstile.gate(once.gate), connect: turnstile.connect(connect), forks: Math.max(1, hosts.length) }
}

/** All that can honestly be said of a machine that does not exist: what would be looked at once it does. */
function unseenPlan(compiled: Compiled, machine: string): HostPlan {
  const resources = compiled.resources.map((item) => plannedResource(item, undefined, [machine]))
  return { host: compiled.host, hostKey: '', resources }
}

function proofKeys(compiled: readonly Compiled[]): ReadonlySet<string> {
  return new Set(
    compiled.flatMap(({ resources }) =>
      resources.filter(({ tag }) => tag === 'prove').map((item) => item.resource.key),
    ),
  )
}

function runId(): string {
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
