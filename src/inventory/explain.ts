import { InputError } from '../core/errors.ts'
import type { Host, Inventory } from './inventory.ts'
import { keysAt, schemaAt } from './json-schema.ts'
import { type Origin, pathText } from './layers.ts'
import { didYouMean } from './nearest.ts'
import { shown } from './source.ts'
import { placeKey } from './tree.ts'

export interface Explanation {
  /** Path as it is written: `ssh.port`. */
  readonly path: string
  /** What holds, as in the resolved host. A secret is a `Secret`, which prints as its name. */
  readonly value: unknown
  /** Where it comes from; nothing when it is a default or not set at all. */
  readonly from?: Origin
  /** What weaker layers said, strongest first. */
  readonly overridden: readonly Origin[]
  /** What the key is for. */
  readonly description?: string
}

/**
 * Why a value is what it is. `host` is a host's name, or `` for a value of the whole cluster; `path` is `ssh.port` or
 * `kernel.sysctl."vm.swappiness"`.
 * @throws InputError for an unknown host or path.
 */
export function explainValue(inventory: Inventory, host: string, path: string): Explanation {
  const parts = [...path.matchAll(/"([^"]*)"|[^."]+/g)].map((part) => part[1] ?? part[0])
  const one = inventory.hosts.find((candidate) => candidate.name === host)
  if (host !== '' && !one) {
    const fix =
      didYouMean(
        host,
        inventory.hosts.map((candidate) => candidate.name),
      ) ?? `hosts: ${inventory.hosts.map((candidate) => candidate.name).join(', ')}`
    throw new InputError({ what: `no host is called ${shown(host)}`, where: inventory.file, fix })
  }
  const found = valueAt(one ?? inventory, parts)
  const schemas = schemaAt(one ? ['hosts', one.name, ...parts] : parts)
  if (found === undefined && schemas.length === 0) {
    // What holds for the whole cluster holds for each of its hosts.
    if (one && schemaAt(parts).length > 0) return explainValue(inventory, '', path)
    throw unknownPath(inventory, one, parts)
  }
  const said = originsOf(inventory, host, parts)
  const [from, ...overridden] = said
  const description = schemas.find((schema) => schema.description !== undefined)?.description
  return {
    path: pathText(parts),
    // Some settings have another name once they are understood: memory is memoryMiB.
    value: found ?? from?.value,
    ...(from ? { from } : {}),
    overridden,
    ...(description === undefined ? {} : { description }),
  }
}

/** Names what may stand where the path leaves what there is. */
function unknownPath(inventory: Inventory, host: Host | undefined, parts: readonly string[]): InputError {
  const keysBelow = (path: readonly string[]) => [
    ...(host ? keysAt(['hosts', host.name, ...path]) : []),
    ...keysAt(path),
    ...Object.keys(valueAt(host ?? inventory, path) ?? {}),
  ]
  const wrong = parts.findIndex((part, i) => !keysBelow(parts.slice(0, i)).includes(part))
  const above = parts.slice(0, wrong)
  const keys = [...new Set(keysBelow(above))].filter((key) => !HIDDEN.has(key))
  const place = above.length > 0 ? ` below ${pathText(above)}` : ''
  return new InputError({
    what: `an inventory has no ${shown(pathText(parts))}${host ? ` for host ${host.name}` : ''}`,
    where: inventory.file,
    fix:
      didYouMean(
        pathText(parts.slice(0, wrong + 1)),
        keys.map((key) => pathText([...above, key])),
      ) ??
      (keys.length > 0 ? `known${place}: ${keys.join(', ')}` : `there is nothing${place}: explain ${pathText(above)}`),
  })
}

/** Not settings, but where the settings came from. */
const HIDDEN: ReadonlySet<string> = new Set(['origins', 'file'])

/** What was said about the path itself, or about the leaf it is part of. */
function originsOf(inventory: Inventory, host: string, parts: readonly string[]): readonly Origin[] {
  const cluster = inventory.origins.get('')
  if (host === '') return cluster?.get(placeKey(parts)) ?? []
  for (let length = parts.length; length > 0; length--) {
    const own = inventory.origins.get(host)?.get(placeKey(parts.slice(0, length)))
    if (own) return own
  }
  const plain = cluster?.get(placeKey(['hosts', host, ...parts])) ?? []
  return plain.map((origin) => ({ ...origin, layer: origin.layer === 'top' ? 'host' : origin.layer }))
}

function valueAt(value: unknown, path: readonly string[]): unknown {
  return path.reduce<unknown>((inner, key) => {
    if (typeof inner !== 'object' || inner === null || !Object.hasOwn(inner, key)) return undefined
    return (inner as Record<string, unknown>)[key]
  }, value)
}
