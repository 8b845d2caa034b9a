import { EXIT } from '../core/errors.ts'
import type { PathPart } from '../core/events.ts'
import { type HostPlan, pending } from '../core/plan.ts'
import { failureCards } from '../render/failure-card.ts'
import { count, duration } from '../render/figure.ts'
import type { Paint } from '../render/paint.ts'
import { planText, requirementsText } from '../render/plan.ts'
import { proof } from '../render/proof.ts'
import { recap } from '../render/recap.ts'
import { PROOF_SECTION, provenText } from './afterwards.ts'
import { resumeCommand } from './resume.ts'
import type { RunLog } from './run-log.ts'
import type { World } from './world.ts'

export interface Closing {
  readonly log: RunLog
  readonly world: Pick<World, 'program' | 'argv'>
  readonly paint: Paint
  readonly verbose: boolean
  /** Of the terminal, when there is one. */
  readonly columns?: number
  readonly ms: number
  readonly exit: number
  /** Somebody was asked and did not say yes. */
  readonly declined: boolean
  readonly criticalPath: readonly PathPart[]
  /** Keys of the resources that are the proof. */
  readonly proofKeys: ReadonlySet<string>
}

/** Last words of a run that may have changed something. */
export function afterActing(closing: Closing): readonly string[] {
  const { log, paint, ms, criticalPath, exit } = closing
  if (closing.declined) return ['', ...cards(closing), 'nothing was changed']
  return [
    '',
    ...unmetText(closing),
    ...cards(closing),
    ...(exit === EXIT.ok ? proofText(closing) : []),
    ...provenText(log, paint, closing.verbose),
    ...recap({ hosts: log.results, criticalPath, ms, paint, isUnproven: isUnproven(closing) }),
    ...(exit === EXIT.interrupted ? [`stopped; to go on: ${resumeCommand(closing.world)}`] : []),
  ]
}

/** Last words of a dry run: the plan, and that nothing was done. */
export function afterLooking(closing: Closing): readonly string[] {
  const { log, paint, verbose, ms } = closing
  const alone = unmetPlans(log).length > 0 ? [paint.bad(LEFT_ALONE)] : []
  const last = `${lookedText(closing)} (${duration(ms)})`
  return ['', ...planText(log.plans, { paint, verbose }), ...alone, '', ...cards(closing), last]
}

function lookedText({ log, paint }: Closing): string {
  const unmet = unmetPlans(log).length
  if (log.failures.length > 0) return unseenText(log)
  if (unmet > 0) return `${paint.bad(mayNotText(unmet, log.plans.length))}; ${DRY_RUN}`
  return log.plans.some((plan) => pending(plan).length > 0) ? DRY_RUN : 'nothing to change'
}

const DRY_RUN = 'this was a dry run: nothing was changed'

/** Last words of a check: every requirement of every host. */
export function afterJudging(closing: Closing): readonly string[] {
  const { log, paint, ms } = closing
  const plans = log.plans
  const unmet = unmetPlans(log).length
  const total = count(plans.length, 'host')
  // Machines that do not exist yet have no key.
  const unseen = plans.filter(({ hostKey }) => hostKey === '').length
  const bad = [
    ...(unmet > 0 ? [mayNotText(unmet, plans.length)] : []),
    ...(unseen > 0 ? [`${unseen} of ${total} not seen`] : []),
    ...(log.failures.length > 0 ? [unseenText(log)] : []),
  ]
  const verdict = bad.length > 0 ? paint.bad(bad.join(', ')) : paint.good(`${total} good enough`)
  return ['', ...requirementsText(plans, { paint, verbose: true }), ...cards(closing), `${verdict} (${duration(ms)})`]
}

/** Where nothing was looked at for its own sake only trouble is worth a word. */
export function afterFetching(closing: Closing): readonly string[] {
  return [...cards(closing), ...provenText(closing.log, closing.paint, closing.verbose)]
}

/** A host with an unmet requirement was left alone: that must be seen without scrolling up to its plan. */
function unmetText({ log, paint }: Closing): readonly string[] {
  const plans = unmetPlans(log).map((plan) => ({
    ...plan,
    resources: plan.resources.filter(({ verdict, section }) => verdict === 'unmet' && section !== PROOF_SECTION),
  }))
  if (plans.length === 0) return []
  return [...requirementsText(plans, { paint, verbose: false }), paint.bad(LEFT_ALONE), '']
}

function mayNotText(unmet: number, hosts: number): string {
  return `${unmet} of ${count(hosts, 'host')} may not be changed`
}

function unseenText({ failures }: RunLog): string {
  return `${count(new Set(failures.map(({ host }) => host)).size, 'host')} could not be looked at`
}

/** Nothing is wrong with any host, and still not all is well. */
function isUnproven({ log, exit }: Closing): boolean {
  return exit !== EXIT.ok && exit !== EXIT.interrupted && log.results.every(({ verdict }) => verdict === 'ok')
}

const LEFT_ALONE = 'A host that misses a requirement is not changed.'

function unmetPlans({ plans }: RunLog): readonly HostPlan[] {
  return plans.filter(({ resources }) =>
    resources.some(({ verdict, section }) => verdict === 'unmet' && section !== PROOF_SECTION),
  )
}

function cards({ log, paint, world, columns }: Closing): readonly string[] {
  const width = columns === undefined ? {} : { columns }
  return failureCards(log.failures, { paint, ...width, again: (hosts) => resumeCommand(world, hosts) })
}

function proofText({ log, paint, proofKeys }: Closing): readonly string[] {
  const settled = [...log.settled.values()]
  const lines = proof(
    settled.filter(({ resource }) => proofKeys.has(resource.key)),
    settled.filter(({ resource }) => resource.verdict === 'accepted'),
    paint,
  )
  return lines.length > 0 ? [...lines, ''] : []
}
