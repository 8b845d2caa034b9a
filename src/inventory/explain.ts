import { InputError } from '../core/errors.ts'
import type { Inventory } from './inventory.ts'
import { schemaAt } from './json-schema.ts'
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
    const keys = Object.keys((valueAt(one ?? inventory, parts.slice(0, -1)) as object | undefined) ?? {})
    const fix = didYouMean(parts.at(-1) ?? '', keys) ?? `known: ${keys.filter((key) => key !== 'origins').join(', ')}`
    throw new InputError({
      what: `an inventory has no ${shown(path)}${one ? ` for host ${host}` : ''}`,
      where: inventory.file,
      fix,
    })
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
