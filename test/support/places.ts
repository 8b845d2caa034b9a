import type { Problem } from '../../src/inventory/problem.ts'
import { type Path, readTree } from '../../src/inventory/tree.ts'

/** What a problem of a text points at: the value or its key; what is missing is pointed at in the innermost map around it. */
export function pathOf(text: string, { spot: { start, end } }: Problem): Path {
  const { places, value } = readTree('inventory.yaml', text)
  const all = [...places]
  const exact = all.find(([, place]) =>
    [place.value, place.key].some((each) => each?.start === start && each.end === end),
  )
  const around = all
    .map(([key, place]) => ({ key, from: place.key?.start ?? place.value.start, to: place.value.end }))
    .filter(({ from, to }) => from <= start && end <= to)
    .toSorted((a, b) => a.to - a.from - (b.to - b.from))
  const key = exact?.[0] ?? around[0]?.key ?? ''
  return key === '' ? [] : withIndexes(key.split('\0'), value)
}

/** Items of lists are numbered; names may be numbers too. */
function withIndexes([first, ...rest]: readonly string[], data: unknown): Path {
  if (first === undefined) return []
  const inner = (data as Readonly<Record<string, unknown>>)[first]
  return [Array.isArray(data) ? Number(first) : first, ...withIndexes(rest, inner)]
}

/** The same data without what stands at a path. */
export function without(data: unknown, [first, ...rest]: Path): unknown {
  if (Array.isArray(data)) {
    const index = Number(first)
    return rest.length === 0
      ? data.filter((_, i) => i !== index)
      : data.map((own, i) => (i === index ? without(own, rest) : own))
  }
  return Object.fromEntries(
    Object.entries(data as object).flatMap(([key, own]) =>
      key !== first ? [[key, own]] : rest.length === 0 ? [] : [[key, without(own, rest)]],
    ),
  )
}
