import { InputError } from '../core/errors.ts'
import type { Compiled, CompiledResource } from '../core/play.ts'
import type { Key, Resource } from '../core/resource.ts'
import { didYouMean } from '../inventory/nearest.ts'

/**
 * Leaves the sections with these tags, and all requirements: a host that fails one is not changed, whatever part of the
 * work is wanted. @throws InputError for a tag no section of any host has.
 */
export function onlyTags(compiled: readonly Compiled[], tags: readonly string[]): readonly Compiled[] {
  if (tags.length === 0) return compiled
  const known = new Set(compiled.flatMap(({ resources }) => resources.map(({ tag }) => tag)))
  const unknown = tags.find((tag) => !known.has(tag))
  if (unknown !== undefined) {
    throw new InputError({
      what: `no section is tagged ${JSON.stringify(unknown)}`,
      where: '--only',
      fix: didYouMean(unknown, known) ?? `choose from: ${[...known].join(', ')}`,
    })
  }
  return compiled.map((each) => keep(each, (item) => tags.includes(item.tag) || isRequirement(item)))
}

/** Leaves what is only judged. */
export function onlyRequirements(compiled: Compiled): Compiled {
  return keep(compiled, isRequirement)
}

export function isRequirement({ resource }: CompiledResource): boolean {
  return resource.key.startsWith('requirement:')
}

function keep(compiled: Compiled, wanted: (item: CompiledResource) => boolean): Compiled {
  const kept = compiled.resources.filter(wanted)
  const keys = new Set(kept.map(({ resource }) => resource.key))
  return { ...compiled, resources: kept.map((item) => ({ ...item, resource: after(item.resource, keys) })) }
}

/** The same resource, waiting only for what is still there. */
function after(resource: Resource, keys: ReadonlySet<Key>): Resource {
  const left = resource.after.filter((key) => keys.has(key))
  if (left.length === resource.after.length) return resource
  // Not a copy: the probes of a later resource become known while the run goes on.
  return Object.create(resource, { after: { value: left, enumerable: true } }) as Resource
}
