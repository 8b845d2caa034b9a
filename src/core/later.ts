import { notMade } from './decision.ts'
import { type Key, pathIn, type Resource, type ResourceOptions } from './resource.ts'
import type { Value } from './value.ts'

/** A resource made from a value that is not known yet. Its key is, so that ownership and order can be checked. Give `make` the same options. */
export function later<T>(
  key: Key,
  value: Value<T>,
  make: (value: T) => Resource,
  options: ResourceOptions = {},
): Resource {
  let made: Resource | undefined
  const inner = (): Resource => {
    made ??= make(value.get())
    if (made.key !== key) throw new Error(`${key} was promised, ${made.key} was made`)
    return made
  }
  return {
    key,
    title: options.title ?? key,
    after: options.after ?? [],
    value,
    ...(options.gives ? { gives: options.gives } : {}),
    get until() {
      return value.known && value.error === undefined ? inner().until : options.until
    },
    get paths() {
      return value.known && value.error === undefined ? inner().paths : pathIn(key)
    },
    get guards() {
      return value.known && value.error === undefined ? inner().guards : []
    },
    get probes() {
      return value.known && value.error === undefined ? inner().probes : []
    },
    closer(answers) {
      return value.known && value.error === undefined ? inner().closer(answers) : []
    },
    decide(answers) {
      if (!value.known) return { verdict: 'unknown', reason: `known after ${value.label}` }
      if (value.error !== undefined) return notMade(value.error)
      return inner().decide(answers)
    },
  }
}
