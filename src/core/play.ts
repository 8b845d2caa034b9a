import { Claims } from './claim.ts'
import { InputError } from './errors.ts'
import type { Key, Resource } from './resource.ts'

/** A stretch of a play. What it lists is done after everything in the sections before it. */
export interface PlaySection<Host> {
  /** Verb phrase: `Prepare the kernel`. */
  readonly title: string
  /** What `--only` names. */
  readonly tag: string
  readonly resources: (host: Host) => readonly Resource[]
}

/** The order of work, read top to bottom. Conditions live in its lists, so a plan always shows all of it. */
export interface Play<Host> {
  readonly name: string
  readonly sections: readonly PlaySection<Host>[]
}

export function section<Host>(
  title: string,
  tag: string,
  resources: (host: Host) => readonly Resource[],
): PlaySection<Host> {
  return Object.freeze({ title, tag, resources })
}

/** Joins sections, and whole plays, into one play. */
export function play<Host>(name: string, parts: readonly (PlaySection<Host> | Play<Host>)[]): Play<Host> {
  return Object.freeze({
    name,
    sections: Object.freeze(parts.flatMap((part) => ('sections' in part ? part.sections : [part]))),
  })
}

export interface CompiledResource {
  readonly resource: Resource
  readonly section: string
  readonly tag: string
}

/** Everything one host is to become, in order. */
export interface Compiled {
  readonly host: string
  readonly resources: readonly CompiledResource[]
  /** Visited only once somebody waits for what it gives, or shows a plan in which somebody would. */
  readonly onDemand?: Promise<void>
}

/**
 * Lists what a play wants of a host.
 * @throws InputError when a key or a path has two owners, or something is to come after a key that is not there or comes later.
 */
export function compile<Host extends { readonly name: string }>(play: Play<Host>, host: Host): Compiled {
  const owners = new Map<Key, string>()
  const claims = new Claims()
  const resources: CompiledResource[] = []
  for (const { title, tag, resources: list } of play.sections) {
    for (const resource of list(host)) {
      const owner = owners.get(resource.key)
      if (owner !== undefined) throw twoOwners(resource.key, [`"${owner}"`, `"${title}"`], host.name)
      const rival = claims.add(resource)
      if (rival) throw twoOwners(rival.key, [`"${owners.get(rival.key)}"`, `${resource.key} in "${title}"`], host.name)
      const missing = resource.after.find((before) => !owners.has(before))
      if (missing !== undefined) throw outOfOrder(resource.key, missing, host.name)
      owners.set(resource.key, title)
      resources.push({ resource, section: title, tag })
    }
  }
  return { host: host.name, resources }
}

function twoOwners(key: Key, [first, second]: readonly [string, string], host: string): InputError {
  return new InputError({
    what: `${key} has two owners: ${first} and ${second}`,
    where: host,
    fix: 'let one of the two own it',
  })
}

function outOfOrder(key: Key, before: Key, host: string): InputError {
  return new InputError({
    what: `${key} comes after ${before}, which nothing before it owns`,
    where: host,
    fix: `list ${before} in an earlier line of the play, or drop it from "after"`,
  })
}
