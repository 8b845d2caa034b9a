import { randomBytes } from 'node:crypto'
import { REQUIREMENTS, requirementOf } from '../catalog/requirements.ts'
import { EXIT, type ExitCode } from '../core/errors.ts'
import type { PathPart } from '../core/events.ts'
import type { Answers, AnyProbe } from '../core/fact.ts'
import { type Finding, judged } from '../core/finding.ts'
import type { Gate } from '../core/gate.ts'
import type { Connect, LockHolder, Session } from '../core/host.ts'
import { type HostPlan, type PlannedResource, pending } from '../core/plan.ts'
import { plannedResource } from '../core/plan-host.ts'
import type { Compiled } from '../core/play.ts'
import { argv as shellWords } from '../core/quote.ts'
import { run } from '../core/run.ts'
import { matrixLines } from '../render/matrix.ts'
import { type Afterwards, tellProven } from './afterwards.ts'
import { afterActing, afterFetching, afterJudging, afterLooking, type Closing } from './closing.ts'
import { type Consent, consented } from './consent.ts'
import { Meeting, type Present } from './meeting.ts'
import type { ReportFile } from './report-file.ts'
import { RunLog } from './run-log.ts'
import type { Screen } from './screen.ts'
import type { Together } from './together.ts'
import type { World } from './world.ts'

/** Width of a matrix where there is no terminal. */
const PIPE_COLUMNS = 120

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
  /** What must be typed instead of yes. */
  readonly confirm?: string
  /** What had to be done on this machine first. */
  readonly before: readonly PathPart[]
  readonly collect: readonly AnyProbe[]
  /** What shows only when all hosts were seen; then they wait for each other before any of them is changed. */
  readonly together?: (present: ReadonlyMap<string, Present>) => Promise<Together>
  /** Once all hosts are done, where there is a reason to. */
  readonly afterwards?: Afterwards
  readonly forks: number
  readonly verbose: boolean
  /** Written when it is over, whatever came of it. */
  readonly reportFile?: ReportFile
}

export interface VisitResult {
  readonly exit: ExitCode
  readonly plans: readonly HostPlan[]
  readonly answers: ReadonlyMap<string, Answers>
  readonly isPending: boolean
  /** Everything was done, and then the proof failed. */
  readonly isUnproven: boolean
}

/** Lets the engine loose on hosts, and says what came of it. */
export async function visit(input: Visit): Promise<VisitResult> {
  const { world, screen, compiled, missing, verbose } = input
  const log = new RunLog(compiled.map(({ host }) => host))
  screen.listen((event) => log.on(event))
  for (const each of compiled) {
    const text = missing.get(each.host)
    if (text === undefined) continue
    screen.report({ type: 'notice', host: each.host, text })
    screen.report({ type: 'plan', host: each.host, plan: unseenPlan(each) })
  }
  const hosts = compiled.filter(({ host }) => !missing.has(host))
  const asked = hosts.filter(({ onDemand }) => onDemand === undefined).map(({ host }) => host)
  const meeting = meetingOf(input, log, asked)
  const consent = consented({ ...input, hosts: asked, ...meeting })
  const result = await run({
    run: input.run,
    hosts,
    ...consent,
    ...(consent.mayAct ? { holder: holder(world, input.run) } : {}),
    clock: screen.clock,
    signal: world.signal,
    collect: input.collect,
  })
  const acted = result.exit === EXIT.ok && consent.declined() ? EXIT.interrupted : result.exit
  const proven =
    input.consent === 'look' ? undefined : await input.afterwards?.(result.hosts, acted, holder(world, input.run))
  const unproven = proven ? tellProven(proven, { ...input, log }) : EXIT.ok
  const exit = acted || unproven
  const ms = screen.clock()
  const criticalPath = [...input.before, ...result.criticalPath]
  screen.report({ type: 'end', ms, exit, hosts: result.hosts, criticalPath })
  const closing = {
    ...{ log, world, paint: screen.paint, verbose, ms },
    ...(world.stdout.isTTY === true ? { columns: world.stdout.columns } : {}),
    ...{ exit, declined: consent.declined(), criticalPath, proofKeys: proofKeys(compiled) },
  }
  screen.say(lastWords(input.consent)(closing))
  if (input.reportFile) {
    await input.reportFile.write({ ...closing, consent: input.consent })
    screen.say([`report written to ${input.reportFile.path}`])
  }
  const { plans } = log
  return {
    exit,
    plans,
    answers: result.answers,
    isUnproven: acted === EXIT.ok && exit !== acted,
    isPending: plans.some((plan) => pending(plan).length > 0),
  }
}

/** Where several hosts have something to say together: the way they wait for each other, and what came of it. */
function meetingOf(input: Visit, log: RunLog, hosts: readonly string[]) {
  const { together, screen, reportFile, world } = input
  if (!together || hosts.length < 2) return undefined
  const sessions = new Map<string, Session>()
  const meeting = new Meeting(hosts, async (present) => {
    const { findings, matrices, isNews } = await together(present)
    const unfit = tellTogether(screen, log, findings)
    if (matrices.length > 0) screen.report({ type: 'measured', between: 'hosts', matrices })
    reportFile?.matrices.push(...matrices)
    const columns = world.stdout.columns ?? PIPE_COLUMNS
    screen.say(matrices.flatMap((matrix) => ['', ...matrixLines(matrix, { paint: screen.paint, columns })]))
    return { unfit, isNews }
  })
  const connect: Connect = async (host, signal) => {
    const session = await input.connect(host, signal)
    sessions.set(host, session)
    return session
  }
  return {
    connect,
    meet: {
      gate: (gate: Gate) => meeting.gate(gate, (host) => sessions.get(host)),
      arrived: (host: string) => meeting.arrived(host),
    },
  }
}

/** Adds what shows only when all hosts were seen to their plans. @returns hosts that must be left alone, and for what */
function tellTogether(screen: Screen, log: RunLog, findings: Together['findings']): Together['findings'] {
  const unfit = new Map<string, readonly Finding[]>()
  for (const [host, all] of findings) {
    for (const finding of all) {
      const resource = plannedFinding(finding)
      screen.report({ type: 'resource', host, resource, result: judged(finding) })
      log.add(host, resource)
    }
    const unmet = all.filter((finding) => judged(finding) === 'unmet')
    if (unmet.length > 0) unfit.set(host, unmet)
  }
  return unfit
}

function plannedFinding(finding: Finding): PlannedResource {
  return {
    key: `requirement:${finding.id}`,
    title: titleOf(finding.id),
    section: 'All hosts together',
    verdict: judged(finding),
    finding,
    note: finding.evidence,
    changes: [],
    steps: [],
    paths: [],
    seen: '',
    after: [],
  }
}

function titleOf(id: string): string {
  const known = requirementOf(id)
  return known === undefined ? id : REQUIREMENTS[known].title
}

function lastWords(consent: Consent): (closing: Closing) => readonly string[] {
  if (consent === 'look') return afterLooking
  if (consent === 'judge') return afterJudging
  return consent === 'fetch' ? afterFetching : afterActing
}

/** All that can honestly be said of a machine that does not exist: what would be looked at once it does. */
function unseenPlan(compiled: Compiled): HostPlan {
  const after = [`lab machine ${compiled.host}`]
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
    command: shellWords([world.program, ...world.argv]),
    since: new Date().toISOString(),
  }
}

/** Exit code of a visit whose caller wants to tell "changes" from "none". */
export function detailedExit({ exit, isPending }: VisitResult): ExitCode {
  return exit === EXIT.ok && isPending ? EXIT.changes : exit
}
