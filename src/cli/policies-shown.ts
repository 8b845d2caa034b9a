import { policyMatrix } from '../cluster/policy-matrix.ts'
import { policyNotes } from '../cluster/policy-notes.ts'
import type { HostPlan } from '../core/plan.ts'
import { isChange } from '../render/plan-count.ts'
import { policyLines } from '../render/policies.ts'
import { inert } from '../render/sanitise.ts'
import type { Loaded } from './loaded.ts'
import type { ReportFile } from './report-file.ts'
import type { Screen } from './screen.ts'
import type { World } from './world.ts'

/** Resources that are what policies become. */
const KEYS: readonly string[] = ['manifests:policies', 'removed:policies']

/** Shows who may talk to whom: in every report, and on the screen with the plan that changes it. */
export function showPolicies(
  { inventory: { policies = {} } }: Pick<Loaded, 'inventory'>,
  {
    screen,
    world,
    reportFile,
  }: { readonly screen: Screen; readonly world: World; readonly reportFile?: ReportFile | undefined },
): void {
  const matrix = policyMatrix(policies)
  if (!matrix) return
  reportFile?.matrices.push(matrix)
  let told = false
  screen.listen((event) => {
    if (told || event.type !== 'plan' || !changesPolicies(event.plan)) return
    told = true
    const columns = world.stdout.columns ?? 120
    const notes = policyNotes(policies).map((note) => screen.paint.faint(`  ${inert(note)}`))
    screen.say([...policyLines(matrix, { paint: screen.paint, columns }), ...notes, ''])
  })
}

function changesPolicies({ resources }: HostPlan): boolean {
  return resources.some(
    (resource) => KEYS.includes(resource.key) && (resource.verdict === 'later' || isChange(resource)),
  )
}
