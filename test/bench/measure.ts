/** Middle of several measurements, in milliseconds. */
export async function medianMs(rounds: number, body: () => Promise<unknown>): Promise<number> {
  const times: number[] = []
  for (let round = 0; round < rounds; round++) {
    const begin = performance.now()
    await body()
    times.push(performance.now() - begin)
  }
  return times.toSorted((a, b) => a - b)[rounds >> 1] ?? Number.NaN
}

export function ms(value: number): string {
  return value < 10_000 ? `${Math.round(value)} ms`.padStart(8) : `${(value / 1000).toFixed(1)} s`.padStart(8)
}
