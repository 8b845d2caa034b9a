import { relative, resolve } from 'node:path'

const ROOT = resolve(import.meta.dirname, '../..')

/** Rings whose tests show options, and what it means that one passed there. */
export const RINGS = { main: 'ran in the lab', api: 'accepted by a real API server' } as const

export type Ring = keyof typeof RINGS

/** For each ring its options, and the files whose tests have shown them. */
export type Results = Readonly<Record<Ring, Readonly<Record<string, readonly string[]>>>>

/** What vitest's JSON reporter tells, as far as it is looked at. */
export interface VitestReport {
  readonly testResults: readonly {
    readonly name: string
    readonly assertionResults: readonly {
      readonly status: string
      readonly meta?: { readonly shows?: readonly string[] }
    }[]
  }[]
}

/** Options that passed tests have shown, sorted; one that any failed test was to show is left out. */
export function shownIn({ testResults }: VitestReport): Readonly<Record<string, readonly string[]>> {
  const files = new Map<string, Set<string>>()
  const failed = new Set<string>()
  for (const { name, assertionResults } of testResults) {
    for (const { status, meta } of assertionResults) {
      for (const option of meta?.shows ?? []) {
        if (status !== 'passed') failed.add(option)
        files.set(option, (files.get(option) ?? new Set()).add(relative(ROOT, name)))
      }
    }
  }
  const shown = [...files].filter(([option]) => !failed.has(option)).toSorted(([a], [b]) => (a < b ? -1 : 1))
  return Object.fromEntries(shown.map(([option, names]) => [option, [...names].toSorted()]))
}

const BEGIN = '<!-- made by npm run readme from test/results/options.json -->'
const END = '<!-- end of what npm run readme makes -->'

/** A line for each option: which ring has shown it, and by which tests. */
export function tableOf(results: Results): string {
  const rings = Object.keys(RINGS) as Ring[]
  const options = [...new Set(rings.flatMap((ring) => Object.keys(results[ring])))].toSorted()
  const files = (option: string) => [...new Set(rings.flatMap((ring) => results[ring][option] ?? []))]
  return [
    `| option | ${rings.map((ring) => RINGS[ring]).join(' | ')} | by |`,
    `|---|${rings.map(() => '---|').join('')}---|`,
    ...options.map((option) => {
      const cells = rings.map((ring) => cellOf(results[ring], option))
      return `| ${option} | ${cells.join(' | ')} | ${files(option)
        .map((file) => `\`${file.replace('test/real/', '')}\``)
        .join(', ')} |`
    }),
  ].join('\n')
}

/** A ring of which there is no result at all has denied nothing. */
function cellOf(shown: Results[Ring], option: string): string {
  if (Object.keys(shown).length === 0) return 'no result yet'
  return Object.hasOwn(shown, option) ? 'yes' : 'no'
}

/** @throws Error where the text has not both marks, in order. */
export function withTable(readme: string, results: Results): string {
  const from = readme.indexOf(BEGIN)
  const to = readme.indexOf(END)
  if (from < 0 || to < from) throw new Error(`README.md must hold "${BEGIN}" and after it "${END}"`)
  return `${readme.slice(0, from + BEGIN.length)}\n\n${tableOf(results)}\n\n${readme.slice(to)}`
}
