import type { Paint } from './paint.ts'
import { inert } from './sanitise.ts'
import { pad, widthOf } from './width.ts'

export interface CertificateRow {
  readonly host: string
  readonly path: string
  /** Negative when it has expired. */
  readonly days: number
  /** Date, `2027-11-23`. */
  readonly until: string
  /** Who renews it. */
  readonly renewal: string
}

/** Below these many days a line is marked. */
const SOON_DAYS = 30

/** Certificates, the one that expires first on top; the same on several hosts share a line. */
export function certificateTable(rows: readonly CertificateRow[], paint: Paint): readonly string[] {
  const alike = Map.groupBy(rows, ({ path, until, renewal }) => JSON.stringify([path, until, renewal]))
  const groups = [...alike.values()].toSorted((a, b) => (a[0]?.days ?? 0) - (b[0]?.days ?? 0))
  const path = Math.max(11, ...rows.map((row) => widthOf(inert(row.path))))
  return [
    paint.faint(`  ${'days'.padStart(5)}  ${'until'.padEnd(10)}  ${pad('certificate', path)}  hosts (renewed by)`),
    ...groups.flatMap(([first, ...others]) => {
      if (!first) return []
      const hosts = [first, ...others].map(({ host }) => inert(host)).join(', ')
      const sign = first.days < SOON_DAYS ? paint.bad('✗') : paint.good('✓')
      return [
        `${sign} ${String(first.days).padStart(5)}  ${first.until}  ${pad(inert(first.path), path)}  ${hosts} (${first.renewal})`,
      ]
    }),
  ]
}
