import type { Offer } from '../artifacts/offer.ts'
import { type Decision, orUnknown } from '../core/decision.ts'
import { type Answers, probe } from '../core/fact.ts'
import type { Resource } from '../core/resource.ts'
import { Value } from '../core/value.ts'
import { archFact } from '../facts/arch.ts'
import { ifSeen } from './seen.ts'

const ARCH = probe(archFact, undefined)

/**
 * One of these, whichever is made for the host's own processor. All have the same key and look at the same things.
 * `any` fits every processor. @throws TypeError when there is none at all
 */
export function byArch(what: string, offers: readonly Offer[], make: (offer: Offer) => Resource): Resource {
  const made = new Map(offers.map((offer) => [offer.arch as string, make(offer)]))
  const any = made.get('any')
  if (any) return any
  const [first] = made.values()
  if (!first) throw new TypeError(`there is no ${what} for any processor`)
  const chosen = Promise.withResolvers<Resource>()
  const choose = (answers: Answers): Resource | undefined => {
    const resource = made.get(answers.get(ARCH))
    if (resource) chosen.resolve(resource)
    return resource
  }
  return {
    ...first,
    probes: [ARCH, ...first.probes],
    closer: (answers) => ifSeen(() => choose(answers)?.closer(answers)) ?? [],
    decide: (answers) => orUnknown(() => orNone(answers, choose(answers), { what, arches: [...made.keys()] })),
    ...(first.until ? { until: new Value(first.until.label, async () => (await chosen.promise).until?.promise) } : {}),
  }
}

function orNone(
  answers: Answers,
  chosen: Resource | undefined,
  { what, arches }: { readonly what: string; readonly arches: readonly string[] },
): Decision {
  if (chosen) return chosen.decide(answers)
  const arch = answers.get(ARCH)
  const reason = `there is no ${what} for ${arch}, the processor of this host`
  const why = `there is one for ${arches.join(', ')}`
  const fix = `make a bundle for it too (provision bundle --arch ${[...arches, arch].join(',')}), or take another host`
  return { verdict: 'unknown', reason, final: true, trouble: { what: reason, why, fix } }
}
