/**
 * The word somebody most likely meant: the one within a third of its length in typing errors, or one that differs only
 * in case, hyphens and underscores.
 */
export function nearest(word: string, choices: Iterable<string>): string | undefined {
  let best: string | undefined
  let bestDistance = Number.POSITIVE_INFINITY
  if (word.length > 64) return undefined
  for (const choice of choices) {
    const distance = plain(word) === plain(choice) ? 0 : typos(word.toLowerCase(), choice.toLowerCase())
    if (distance < bestDistance && distance <= Math.max(1, Math.floor(Math.max(word.length, choice.length) / 3))) {
      best = choice
      bestDistance = distance
    }
  }
  return best
}

function plain(word: string): string {
  return word.toLowerCase().replaceAll(/[-_ ]/g, '')
}

/** Letters inserted, left out, replaced or swapped with their neighbour (optimal string alignment). */
export function typos(a: string, b: string): number {
  const rows: number[][] = [Array.from({ length: b.length + 1 }, (_, j) => j)]
  const at = (i: number, j: number) => rows[i]?.[j] ?? 0
  for (let i = 1; i <= a.length; i++) {
    const row = [i]
    rows.push(row)
    for (let j = 1; j <= b.length; j++) {
      const same = a[i - 1] === b[j - 1]
      let cost = Math.min(at(i - 1, j) + 1, at(i, j - 1) + 1, at(i - 1, j - 1) + (same ? 0 : 1))
      if (i > 1 && j > 1 && a[i - 1] === b[j - 2] && a[i - 2] === b[j - 1]) cost = Math.min(cost, at(i - 2, j - 2) + 1)
      row.push(cost)
    }
  }
  return at(a.length, b.length)
}

/** `did you mean "address"?`, or nothing. */
export function didYouMean(word: string, choices: Iterable<string>): string | undefined {
  const choice = nearest(word, choices)
  return choice === undefined ? undefined : `did you mean ${JSON.stringify(choice)}?`
}
