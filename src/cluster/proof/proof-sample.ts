/** Above this number of nodes not every pair is tried: pairs grow with the square. */
export const ALL_PAIRS_NODES = 40

/** How many others each node tries, at most, where not all pairs are. */
const OTHERS = 12

/**
 * Whom each node tries. Of many nodes each tries those 1, 3, 9, … places further on in the list and as many before it: every node
 * sends and receives equally often, every way is tried in both directions, and near and far ones are among them.
 */
export function sampledPairs(nodes: readonly string[], all: boolean): ReadonlyMap<string, readonly string[]> {
  const count = nodes.length
  if (all || count <= ALL_PAIRS_NODES)
    return new Map(nodes.map((node) => [node, nodes.filter((other) => other !== node)]))
  const steps = Array.from({ length: OTHERS / 2 }, (_, i) => 3 ** i % count)
  return new Map(
    nodes.map((node, place) => {
      const places = new Set(steps.flatMap((step) => [(place + step) % count, (place - step + count) % count]))
      places.delete(place)
      return [node, [...places].toSorted((a, b) => a - b).flatMap((at) => nodes[at] ?? [])] as const
    }),
  )
}
