import type { Decision } from './decision.ts'
import type { Trouble } from './errors.ts'
import type { ResourceResult } from './events.ts'
import { judged } from './finding.ts'
import type { CompiledResource } from './play.ts'
import type { Key } from './resource.ts'
import { troubleOf } from './trouble.ts'

/** A decision together with the digest of what it was made from. */
export interface Decided {
  readonly decision: Decision
  readonly seen: string
}

export interface Selection {
  /** Settled without doing anything. */
  readonly settled: readonly {
    readonly item: CompiledResource
    readonly result: ResourceResult
    readonly trouble?: Trouble
  }[]
  /** To be done now, in order. */
  readonly wave: readonly CompiledResource[]
  /** Must wait: for changes of this wave, for a value, or for its section's turn. */
  readonly postponed: readonly {
    readonly item: CompiledResource
    readonly after: readonly string[]
    readonly mayDiffer: boolean
  }[]
}

/**
 * Chooses, from everything not settled yet, what goes to the host next. Pure; called once a wave.
 * A resource waits while something it comes `after` is pending, while its value is unknown, while something of an earlier
 * section waits, and (when nothing could be seen of it) while anything before it is pending.
 */
export function select(
  items: readonly CompiledResource[],
  decided: ReadonlyMap<Key, Decided>,
  results: ReadonlyMap<Key, ResourceResult>,
): Selection {
  const selector = new Selector(items, results)
  for (const item of items) selector.place(item, decided.get(item.resource.key)?.decision)
  return selector
}

/** Walks the resources in order and gives each its place. */
class Selector implements Selection {
  readonly settled: Selection['settled'][number][] = []
  readonly wave: CompiledResource[] = []
  readonly postponed: Selection['postponed'][number][] = []
  readonly #results: Map<Key, ResourceResult>
  readonly #order: SectionOrder
  /** Nothing more goes with this wave. A restart goes alone. */
  #full = false

  constructor(items: readonly CompiledResource[], results: ReadonlyMap<Key, ResourceResult>) {
    this.#results = new Map(results)
    this.#order = new SectionOrder(items, results)
  }

  place(item: CompiledResource, decision: Decision | undefined): void {
    const { key, after, value } = item.resource
    const turn = this.#order.enter(item.section)
    if (this.#results.has(key)) return
    const waitsFor = after.filter((before) => !this.#results.has(before))
    const broken = after.some((before) => isBroken(this.#results.get(before)))
    if (broken || turn === 'stopped') this.#settle(item, 'skipped')
    else if (waitsFor.length > 0) this.#postpone(item, waitsFor, true)
    else if (value && !value.known) this.#postpone(item, [value.label], true)
    else if (!decision) this.#postpone(item, [], true)
    else if ('awaits' in decision && decision.awaits !== undefined) this.#postpone(item, [decision.awaits], true)
    else this.#placeDecided(item, decision, turn)
  }

  #placeDecided(item: CompiledResource, decision: Decision, turn: Turn): void {
    if (decision.verdict === 'same') this.#settle(item, 'unchanged')
    else if (decision.verdict === 'finding') this.#settle(item, judged(decision.finding))
    else if (decision.verdict === 'unknown') this.#placeUnknown(item, decision)
    else if (turn === 'waits' || this.#full) this.#postpone(item, [], false)
    else if (!decision.steps.some(({ reboots }) => reboots)) this.#send(item)
    else {
      this.#full = true
      if (this.wave.length > 0) this.#postpone(item, [], false)
      else this.wave.push(item)
    }
  }

  /** What others wait for ends its wave: they are told of it when the wave is over. */
  #send(item: CompiledResource): void {
    this.wave.push(item)
    if (item.resource.gives) this.#full = true
  }

  /** What cannot be seen may only become visible: once something before it is done, or never. */
  #placeUnknown(item: CompiledResource, { reason, trouble }: Extract<Decision, { verdict: 'unknown' }>): void {
    const before = this.postponed.at(-1)?.item ?? this.wave.at(-1)
    if (before) this.#postpone(item, [before.resource.key], true)
    else {
      this.#settle(item, 'failed', trouble ?? troubleOf(item.resource.key, reason))
      this.#order.fail()
    }
  }

  #settle(item: CompiledResource, result: ResourceResult, trouble?: Trouble): void {
    this.#results.set(item.resource.key, result)
    this.settled.push(trouble === undefined ? { item, result } : { item, result, trouble })
  }

  #postpone(item: CompiledResource, after: readonly string[], mayDiffer: boolean): void {
    this.postponed.push({ item, after, mayDiffer })
    this.#order.wait()
  }
}

function isBroken(result: ResourceResult | undefined): boolean {
  return result === 'failed' || result === 'skipped'
}

type Turn = 'free' | 'waits' | 'stopped'

/** Knows whether everything in earlier sections is done, waits, or has failed. */
class SectionOrder {
  #section = ''
  #earlier: Turn = 'free'
  #own: Turn = 'free'
  readonly #failed: ReadonlySet<string>

  constructor(items: readonly CompiledResource[], results: ReadonlyMap<Key, ResourceResult>) {
    const failed = items.filter(({ resource }) => isBroken(results.get(resource.key)))
    this.#failed = new Set(failed.map(({ section }) => section))
  }

  /** Whose turn it is for something in this section, which becomes the current one. */
  enter(section: string): Turn {
    if (section !== this.#section) {
      this.#earlier = worse(this.#earlier, this.#own)
      this.#own = this.#failed.has(section) ? 'stopped' : 'free'
      this.#section = section
    }
    return this.#earlier
  }

  /** Something in the current section waits. */
  wait(): void {
    this.#own = worse(this.#own, 'waits')
  }

  /** Something in the current section has failed. */
  fail(): void {
    this.#own = 'stopped'
  }
}

function worse(a: Turn, b: Turn): Turn {
  const rank: Record<Turn, number> = { free: 0, waits: 1, stopped: 2 }
  return rank[a] >= rank[b] ? a : b
}
