import type { Finding } from '../core/finding.ts'
import type { Paint } from './paint.ts'
import { inert } from './sanitise.ts'

export interface FindingTextOptions {
  readonly paint: Paint
  /** Also those that are met. */
  readonly verbose: boolean
  readonly title: string
}

/** What a requirement found. Unmet ones in full, accepted ones with their reason, met ones only on request. */
export function findingLines(finding: Finding, { paint, verbose, title }: FindingTextOptions): readonly string[] {
  const { id, evidence, threshold, fix, accepted } = finding
  const name = `${inert(title)} [${inert(id)}]`
  const seen = `${inert(evidence)}; wanted: ${inert(threshold)}`
  if (finding.met) return verbose ? [`${paint.good('✓')} ${name}: ${inert(evidence)}`] : []
  if (accepted !== undefined) {
    return [`${paint.warn('○ accepted')} ${name}: ${inert(evidence)}`, `    because ${inert(accepted)}`]
  }
  const sign = finding.severity === 'required' ? paint.bad('✗ unmet') : paint.warn('△ advice')
  return [`${sign} ${name}`, `    seen: ${seen}`, ...(fix === undefined ? [] : [`    fix: ${inert(fix)}`])]
}
