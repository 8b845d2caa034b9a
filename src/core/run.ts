import { EXIT, type ExitCode, FailedError, LockedError, ProvisionError } from './errors.ts'
import type { EventBody, HostResult, PathPart, Report } from './events.ts'
import type { Answers, AnyProbe } from './fact.ts'
import type { Gate } from './gate.ts'
import type { Connect, Counters, LockHolder, Session } from './host.ts'
import { type HostRun, HostRunner } from './host-run.ts'
import { limiter } from './limit.ts'
import type { HostPlan } from './plan.ts'
import type { Compiled } from './play.ts'

export interface RunInput {
  /** Run id, `[a-z0-9-]{1,64}`. */
  readonly run: string
  readonly hosts: readonly Compiled[]
  readonly connect: Connect
  readonly gate: Gate
  /** Who changes hosts; left out by a run that only looks, and then no gate may say `act`. */
  readonly holder?: LockHolder
  readonly report: Report
  readonly clock: () => number
  readonly signal: AbortSignal
  /** Hosts at work at once. */
  readonly forks: number
  readonly collect?: readonly AnyProbe[]
  readonly lookDeadlineMs?: number
}

export interface RunResult {
  readonly hosts: readonly HostResult[]
  readonly plans: readonly HostPlan[]
  /** Answers to `collect`, by host, from its last look. */
  readonly answers: ReadonlyMap<string, Answers>
  readonly criticalPath: readonly PathPart[]
  readonly exit: ExitCode
}

const LOOK_DEADLINE_MS = 120_000

/** Every host free of the others: one that fails, hangs or is not there changes no other host's verdict. */
export async function run(input: RunInput): Promise<RunResult> {
  const limit = limiter(input.forks)
  withholdUnmade(input.hosts)
  const wanted = input.hosts.filter(({ onDemand }) => onDemand === undefined)
  const all = Promise.all(wanted.map((compiled) => limit(() => runHost(input, compiled))))
  const lending = input.hosts.map((compiled) => whenDemanded(input, compiled, all))
  const runs = [...(await all), ...(await Promise.all(lending)).flat()]
  const hosts = runs.map(({ result }) => result)
  const last = runs.toSorted((a, b) => b.result.ms - a.result.ms)[0]
  return {
    hosts,
    plans: runs.flatMap(({ plan }) => (plan ? [plan] : [])),
    answers: new Map(runs.flatMap(({ result, answers }) => (answers ? [[result.host, answers] as const] : []))),
    criticalPath: last?.path ?? [],
    exit: exitOf(hosts, input.signal.aborted),
  }
}

/** Outside the limit: those who hold a place wait for it. */
async function whenDemanded(
  input: RunInput,
  compiled: Compiled,
  others: Promise<unknown>,
): Promise<readonly HostRun[]> {
  if (compiled.onDemand === undefined) return []
  const isDemanded = await Promise.race([compiled.onDemand.then(() => true), others.then(() => false)])
  return isDemanded ? [await runHost(input, compiled)] : []
}

async function runHost(input: RunInput, compiled: Compiled): Promise<HostRun> {
  const { connect, report, clock, signal } = input
  const from = clock()
  let session: Session | undefined
  let done: HostRun
  try {
    session = await connect(compiled.host, signal)
    const connected: EventBody = { type: 'connected', host: compiled.host, peer: session.peer, ms: clock() - from }
    report(connected)
    const path: PathPart = { what: 'connect', host: compiled.host, fromMs: from, toMs: clock() }
    const runner = new HostRunner({
      ...input,
      compiled,
      session,
      collect: input.collect ?? [],
      lookDeadlineMs: input.lookDeadlineMs ?? LOOK_DEADLINE_MS,
    })
    done = await runner.run()
    done = { ...done, path: [path, ...done.path] }
  } catch (error) {
    done = refusal(compiled.host, error instanceof ProvisionError ? error : bug(error), {
      ms: clock(),
      counters: session?.counters,
      interrupted: signal.aborted,
    })
  } finally {
    withhold(compiled)
    await session?.close()
  }
  report({ type: 'host', host: compiled.host, result: done.result })
  return done
}

/** What no resource of this run makes, nobody may wait for: `--limit` or `--only` may have left its maker out. */
function withholdUnmade(hosts: readonly Compiled[]): void {
  const all = hosts.flatMap(({ resources }) => resources.map(({ resource }) => resource))
  const makers = new Set(all.map(({ gives }) => gives))
  for (const { until } of all) {
    if (!until?.giver || makers.has(until.giver)) continue
    until.giver.withhold(
      new FailedError({
        what: `nothing in this run makes: ${until.label}`,
        fix: 'run it without --only and --limit, or with more of the hosts and parts of the work',
      }),
    )
  }
}

/** Whoever waits for something of this host need not wait any longer: what is not there now is not made in this run. */
function withhold({ host, resources }: Compiled): void {
  for (const { resource } of resources) {
    resource.gives?.withhold(
      new FailedError({
        what: `${host} has not come as far as "${resource.title}" in this run`,
        where: host,
        why: 'this host needs something of that one',
        fix: `see what became of ${host}, then run the same command again`,
      }),
    )
  }
}

/** The result of a host that was not, or not further, looked at. */
function refusal(
  host: string,
  error: ProvisionError,
  at: { readonly ms: number; readonly counters: Counters | undefined; readonly interrupted: boolean },
): HostRun {
  const none = { changed: 0, unchanged: 0, failed: 0, skipped: 0, unmet: 0, accepted: 0 }
  return {
    result: {
      host,
      verdict: at.interrupted ? 'interrupted' : verdictOf(error),
      ...none,
      ms: at.ms,
      counters: at.counters ?? { channels: 0, roundTrips: 0, bytesSent: 0, bytesReceived: 0, reconnects: 0 },
      failures: [{ host, trouble: error.trouble }],
    },
    plan: undefined,
    answers: undefined,
    path: [],
  }
}

/** A fault of ours on one host must not take the others with it. */
function bug(error: unknown): FailedError {
  const what = error instanceof Error ? (error.stack ?? error.message) : String(error)
  const fix =
    'run the same command again with --json and report what it prints; the host can be planned again at any time'
  return new FailedError({ what, why: 'this is a bug of provision', fix }, { cause: error })
}

function verdictOf(error: ProvisionError): HostResult['verdict'] {
  if (error instanceof LockedError) return 'locked'
  if (error.exit === EXIT.unreachable) return 'unreachable'
  return error.exit === EXIT.moved ? 'moved' : 'failed'
}

/** The most pressing verdict gives the exit code. */
function exitOf(hosts: readonly HostResult[], interrupted: boolean): ExitCode {
  if (interrupted) return EXIT.interrupted
  const order = [
    ['failed', EXIT.failed],
    ['moved', EXIT.moved],
    ['locked', EXIT.locked],
    ['unreachable', EXIT.unreachable],
    ['unmet', EXIT.unmet],
  ] as const
  return order.find(([verdict]) => hosts.some((host) => host.verdict === verdict))?.[1] ?? EXIT.ok
}
