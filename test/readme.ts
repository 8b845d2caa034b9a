import { existsSync, readFileSync, writeFileSync } from 'node:fs'
import { join, resolve } from 'node:path'
import { type Results, RINGS, type Ring, shownIn, withTable } from './support/results.ts'

const ROOT = resolve(import.meta.dirname, '..')
const README = join(ROOT, 'README.md')
export const RESULTS = join(ROOT, 'test/results/options.json')

/** What a folder of vitest's reports, `RING.json` each, makes of the results; rings that did not run stay as they were. */
export function collected(folder: string): Results {
  const before = JSON.parse(readFileSync(RESULTS, 'utf8')) as Results
  const rings = Object.keys(RINGS).map((ring) => {
    const report = join(folder, `${ring}.json`)
    return [ring, existsSync(report) ? shownIn(JSON.parse(readFileSync(report, 'utf8'))) : before[ring as Ring]]
  })
  return Object.fromEntries(rings) as Results
}

/** Whether the committed results, and the table made of them, are those of these reports. */
export function isFresh(folder: string): boolean {
  const results = collected(folder)
  const text = readFileSync(README, 'utf8')
  return `${JSON.stringify(results, null, 2)}\n` === readFileSync(RESULTS, 'utf8') && withTable(text, results) === text
}

if (import.meta.main) {
  const [folder] = process.argv.slice(2)
  if (folder !== undefined) writeFileSync(RESULTS, `${JSON.stringify(collected(folder), null, 2)}\n`)
  const results = JSON.parse(readFileSync(RESULTS, 'utf8')) as Results
  writeFileSync(README, withTable(readFileSync(README, 'utf8'), results))
}
