/** A set of ports as the kernel writes it: `8080,9000-9100`. */
type Range = readonly [first: number, last: number]

/** Whether `have` holds every port of `want`. */
export function meetsPorts(want: string, have: string): boolean {
  const held = merged(rangesOf(have))
  return rangesOf(want).every(([first, last]) => held.some(([from, to]) => from <= first && last <= to))
}

function rangesOf(text: string): readonly Range[] {
  return text
    .split(/[,\s]+/)
    .filter((part) => part !== '')
    .map((part) => {
      const [first = '', last = first] = part.split('-')
      return [Number(first), Number(last)]
    })
}

function merged(ranges: readonly Range[]): readonly Range[] {
  const result: [number, number][] = []
  for (const [first, last] of ranges.toSorted(([a], [b]) => a - b)) {
    const previous = result.at(-1)
    if (previous && first <= previous[1] + 1) previous[1] = Math.max(previous[1], last)
    else result.push([first, last])
  }
  return result
}
