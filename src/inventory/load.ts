import { addonProblems } from './addon-checks.ts'
import { assemble, type PathOptions } from './assemble.ts'
import { hostContradictions, hostCount, idleProxySettings, plainSecrets, sameMachine, unknownNames } from './checks.ts'
import { endpointProblems } from './endpoint-checks.ts'
import { entryProblems } from './entry-checks.ts'
import type { Inventory } from './inventory.ts'
import { problemsOf } from './issues.ts'
import { labLinkProblems } from './lab-checks.ts'
import { loadBalancerProblems } from './load-balancer-checks.ts'
import { networkProblems } from './network-checks.ts'
import { policyProblems } from './policy-checks.ts'
import { InventoryError, type Problem } from './problem.ts'
import { mapAt, type Raw, resolveHost } from './resolve.ts'
import { inventory as inventorySchema } from './schema.ts'
import { readSettings, type Setting, withValue } from './set.ts'
import { subnetProblems } from './subnets.ts'
import { type Place, placeKey, readTree } from './tree.ts'

export interface LoadOptions extends PathOptions {
  /** `--set` arguments, `PATH=VALUE`. */
  readonly set?: readonly string[]
}

/**
 * Checks, resolves and freezes an inventory. Reads nothing but the text: secrets are opened when somebody asks for them.
 * @throws InventoryError with every problem of the text.
 */
export function loadInventory(text: string, options: LoadOptions): Inventory {
  const raw = readRaw(text, options)
  const hosts = Object.keys(mapAt(raw.data, 'hosts')).map((name) => resolveHost(raw, name))
  const inventory = assemble(raw, hosts, options)
  const problems = [
    ...hosts.flatMap((host) => host.problems),
    ...[hostCount, sameMachine, hostContradictions, idleProxySettings, labLinkProblems, subnetProblems].flatMap(
      (check) => check(raw, inventory),
    ),
    ...loadBalancerProblems(raw, inventory),
    ...policyProblems(raw, inventory),
    ...addonProblems(raw, inventory),
    ...networkProblems(raw, inventory),
    ...endpointProblems(raw, inventory),
    ...entryProblems(raw, inventory),
  ]
  if (problems.length > 0) throw new InventoryError(options.file, problems)
  return deepFreeze(inventory)
}

/** Text to data that fits the schema. */
function readRaw(text: string, options: LoadOptions): Raw {
  const tree = readTree(options.file, text)
  const { settings, problems } = readSettings(options.set ?? [])
  const root = tree.places.get('')?.value ?? { source: tree.source, start: 0, end: 1 }
  if (typeof tree.value !== 'object' || tree.value === null || Array.isArray(tree.value)) {
    throw new InventoryError(options.file, tree.problems.length > 0 ? tree.problems : [notAMap(tree.value, root)])
  }
  const data = settings.reduce<unknown>((value, setting) => withValue(value, setting.path, setting.value), tree.value)
  const places = new Map([
    ...settings.flatMap(pathPlaces),
    ...tree.places,
    ...settings.flatMap((setting) => [...setting.places]),
  ])
  const result = inventorySchema.safeParse(data)
  const top = { ...root, end: root.start + 1 }
  const raw: Raw = { file: mapAt(tree.value), data: mapAt(data), settings, places, filePlaces: tree.places, root: top }
  const found = [
    ...problemsOf(result.error?.issues ?? [], { value: data, places, root: top }),
    ...tree.problems,
    ...problems,
    ...unknownNames(raw),
    ...plainSecrets(raw),
  ]
  if (found.length > 0) throw new InventoryError(options.file, found)
  return raw
}

/** Where the maps stand that a `--set` brings along: `ssh` of `ssh.user=root`. */
function pathPlaces({ path, source }: Setting): [string, Place][] {
  const spot = { source, start: 0, end: Math.max(1, source.text.length) }
  return path.map((_, index) => [placeKey(path.slice(0, index + 1)), { key: spot, value: spot }])
}

function notAMap(value: unknown, spot: Problem['spot']): Problem {
  const start = { ...spot, end: spot.start + 1 }
  const fix = 'begin with  name: lab  and see inventory/example.yaml for the rest'
  if (value === null || value === undefined) return { what: 'the inventory is empty', fix, spot: start }
  return {
    what: `an inventory is a map (key: value lines), and this is ${Array.isArray(value) ? 'a list' : 'one text'}`,
    fix,
    spot: start,
  }
}

function deepFreeze<T>(value: T): T {
  if (typeof value === 'object' && value !== null && !Object.isFrozen(value)) {
    Object.freeze(value)
    for (const inner of Object.values(value)) deepFreeze(inner)
  }
  return value
}
