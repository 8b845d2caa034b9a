import { REQUIREMENTS, requirementOf } from '../catalog/requirements.ts'
import type { ExitCode } from '../core/errors.ts'
import { EXIT } from '../core/errors.ts'
import type { HostResult } from '../core/events.ts'
import { judged } from '../core/finding.ts'
import type { LockHolder } from '../core/host.ts'
import type { PlannedResource } from '../core/plan.ts'
import { count } from '../render/figure.ts'
import { matrixLines } from '../render/matrix.ts'
import type { Paint } from '../render/paint.ts'
import { requirementsText } from '../render/plan.ts'
import { inert } from '../render/sanitise.ts'
import type { Loaded } from './loaded.ts'
import { type Proven, proveWithPods } from './proving.ts'
import type { ReportFile } from './report-file.ts'
import type { RunLog } from './run-log.ts'
import type { Screen } from './screen.ts'
import type { World } from './world.ts'

/** The section under which verdicts of a proof stand. */
export const PROOF_SECTION = 'Prove with pods'

/** What hosts are told to do once all is done, and what came of it; nothing where there is no reason to. */
export type Afterwards = (
  results: readonly HostResult[],
  exit: ExitCode,
  holder: LockHolder,
) => Promise<Proven | undefined>

export interface AfterwardsInput {
  readonly loaded: Loaded
  readonly world: World
  readonly screen: Screen
  readonly connect: Parameters<typeof proveWithPods>[0]['connect']
  readonly forks: number
  readonly allPairs: boolean
  readonly policies: boolean
  /** Whether there is a reason, from what became of the hosts. */
  readonly when: (results: readonly HostResult[], exit: ExitCode) => boolean
}

/** A proof of all hosts that are well. */
export function proofAfterwards(input: AfterwardsInput): Afterwards {
  const { loaded, world, screen, when, ...rest } = input
  return async (results, exit, holder) => {
    const well = new Set(results.flatMap(({ host, verdict }) => (verdict === 'ok' ? [host] : [])))
    const hosts = loaded.hosts.filter(({ name }) => well.has(name))
    const first = loaded.inventory.hosts.find(({ roles }) => roles.includes('control-plane'))
    if (!first || hosts.length === 0 || world.signal.aborted || !when(results, exit)) return undefined
    const { inventory } = loaded
    const { report, clock } = screen
    return proveWithPods({ ...rest, inventory, hosts, first: first.name, holder, signal: world.signal, report, clock })
  }
}

export interface Telling {
  readonly screen: Screen
  readonly log: RunLog
  readonly world: World
  readonly reportFile?: ReportFile | undefined
}

/** Puts what was proven where everything else of the run is. @returns the exit code it calls for */
export function tellProven(
  { findings, matrices, notes, exit: reason }: Proven,
  { screen, log, world, reportFile }: Telling,
): ExitCode {
  let exit: ExitCode = EXIT.ok
  for (const [host, all] of findings) {
    for (const finding of all) {
      const known = requirementOf(finding.id)
      const resource: PlannedResource = {
        key: `requirement:${finding.id}`,
        title: known === undefined ? finding.id : REQUIREMENTS[known].title,
        section: PROOF_SECTION,
        verdict: judged(finding),
        finding,
        note: finding.evidence,
        ...{ changes: [], steps: [], paths: [], seen: '', after: [] },
      }
      screen.report({ type: 'resource', host, resource, result: judged(finding) })
      log.add(host, resource)
      if (resource.verdict === 'unmet') exit = EXIT.unmet
    }
  }
  for (const text of notes) screen.report({ type: 'notice', text })
  if (matrices.length > 0) screen.report({ type: 'measured', between: 'pods', matrices })
  reportFile?.matrices.push(...matrices)
  const columns = world.stdout.columns ?? 120
  screen.say(matrices.flatMap((matrix) => ['', ...matrixLines(matrix, { paint: screen.paint, columns })]))
  return reason ?? exit
}

/** What the proof came to, in words; nothing when there was none. */
export function provenText(log: RunLog, paint: Paint, verbose: boolean): readonly string[] {
  const plans = log.plans.flatMap((plan) => {
    const resources = plan.resources.filter(({ section }) => section === PROOF_SECTION)
    return resources.length > 0 ? [{ ...plan, resources }] : []
  })
  const all = plans.flatMap(({ resources }) => resources)
  if (all.length === 0) return []
  const unmet = all.filter(({ verdict }) => verdict === 'unmet')
  const nodes = count(plans.length, 'node')
  const verdict =
    unmet.length === 0
      ? paint.good(`the network is proven with pods on ${nodes}`)
      : paint.bad(`the network is not as it must be: ${count(unmet.length, 'verdict')} of ${all.length}`)
  return ['', ...requirementsText(plans, { paint, verbose }), ...latencies(log), verdict]
}

/** Figures one wants to see even when all is well. */
function latencies(log: RunLog): readonly string[] {
  return log.plans.flatMap(({ host, resources }) =>
    resources
      .filter(
        ({ key, section, verdict }) => section === PROOF_SECTION && key === 'requirement:pod-dns' && verdict === 'met',
      )
      .map(({ note }) => `  DNS from pods on ${inert(host)}: ${inert(note ?? '')}`),
  )
}
