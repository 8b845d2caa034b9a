/** Lets some pieces of work run at once; of those that wait, the one with the lowest `rank` is next. */
export interface Slots {
  run<T>(rank: number, work: () => Promise<T>): Promise<T>
}

export function slots(count: number): Slots {
  let free = Math.max(1, count)
  const queue: { readonly rank: number; readonly go: () => void }[] = []
  const take = (rank: number) => {
    if (free === 0) return new Promise<void>((go) => queue.push({ rank, go }))
    free -= 1
    return Promise.resolve()
  }
  const give = () => {
    const next = queue.sort((a, b) => a.rank - b.rank).shift()
    if (next === undefined) free += 1
    else next.go()
  }
  return {
    async run(rank, work) {
      await take(rank)
      try {
        return await work()
      } finally {
        give()
      }
    },
  }
}

/** Calls `make` once, at the first call; everybody gets the same promise. */
export function once<T>(make: () => Promise<T>): () => Promise<T> {
  let made: Promise<T> | undefined
  return () => {
    made ??= make()
    return made
  }
}
