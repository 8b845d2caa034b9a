import type { HostPlan } from '../core/plan.ts'
import type { Paint } from './paint.ts'
import { countPlan, describeChanges, describeRequirements, isQuiet } from './plan-count.ts'
import { inert } from './sanitise.ts'
import { pad, widthOf } from './width.ts'

/** What is about to be done to a host, one line a section. */
export function planSummary(plan: HostPlan, paint: Paint): readonly string[] {
  const counts = countPlan([plan])
  const head = [describeChanges(counts), describeRequirements(counts)].filter(Boolean).join('; ')
  const sections = [...Map.groupBy(plan.resources, ({ section }) => section)]
    .map(([title, resources]) => ({ title: inert(title), plan: { ...plan, resources } }))
    .filter((section) => !isQuiet([section.plan]))
  const width = Math.max(0, ...sections.map(({ title }) => widthOf(title)))
  const lines = sections.map(
    (section) => `  ${pad(section.title, width)}  ${describeChanges(countPlan([section.plan]))}`,
  )
  return [`${paint.strong(inert(plan.host))}: ${head}`, ...lines]
}
