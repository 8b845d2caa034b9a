import type { Inventory } from './inventory.ts'
import { didYouMean } from './nearest.ts'
import type { Problem } from './problem.ts'
import type { Raw } from './resolve.ts'
import { shown } from './source.ts'
import { placeKey } from './tree.ts'

/** Links of lab machines to what is no lab machine. One to itself, as a wider place may give it, means nothing. */
export function labLinkProblems(raw: Raw, inventory: Inventory): readonly Problem[] {
  const machines = inventory.hosts.filter(({ lab }) => lab !== undefined).map(({ name }) => name)
  return inventory.hosts.flatMap((host) => {
    const others = machines.filter((machine) => machine !== host.name)
    const unknown = Object.keys(host.lab?.links ?? {}).filter((name) => !machines.includes(name))
    return unknown.map((name) => {
      const origin = inventory.origins.get(host.name)?.get(placeKey(['lab', 'links', name]))?.[0]
      const place = raw.places.get(placeKey(origin?.path ?? ['hosts', host.name]))
      return {
        what: `${shown(name)} is no machine of this lab, so host "${host.name}" has no link to it`,
        fix: didYouMean(name, others) ?? `there are: ${others.join(', ') || 'none but itself'}`,
        spot: place?.key ?? place?.value ?? raw.root,
      }
    })
  })
}
