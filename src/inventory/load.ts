import { dirname, join } from 'node:path'
import { hostContradictions, hostCount, idleProxySettings, plainSecrets, sameMachine, unknownNames } from './checks.ts'
import type { Host, Inventory, Var } from './inventory.ts'
import { problemsOf } from './issues.ts'
import type { Origin } from './layers.ts'
import { InventoryError, type Problem } from './problem.ts'
import { mapAt, type Raw, type Resolved, resolveHost, whereOf } from './resolve.ts'
import { inventory as inventorySchema } from './schema.ts'
import { resolvedSettings, type roles } from './schema-host.ts'
import { type OpenSecret, Secret, type SecretReference, secretReference } from './secret.ts'
import { readSettings, type Setting, withValue } from './set.ts'
import { subnetProblems } from './subnets.ts'
import { type Place, placeKey, readTree } from './tree.ts'

export interface LoadOptions {
  /** Shown in errors; paths in the inventory are relative to its folder. */
  readonly file: string
  /** `--set` arguments, `PATH=VALUE`. */
  readonly set?: readonly string[]
  /** What `~/` stands for. */
  readonly home?: string
  readonly openSecret: OpenSecret
}

/**
 * Checks, resolves and freezes an inventory. Reads nothing but the text: secrets are opened when somebody asks for them.
 * @throws InventoryError with every problem of the text.
 */
export function loadInventory(text: string, options: LoadOptions): Inventory {
  const raw = readRaw(text, options)
  const hosts = Object.keys(mapAt(raw.data, 'hosts')).map((name) => ({ name, resolved: resolveHost(raw, name) }))
  const inventory = assemble(raw, hosts, options)
  const problems = [
    ...hosts.flatMap(({ resolved }) => resolved.problems),
    ...[hostCount, sameMachine, hostContradictions, idleProxySettings, subnetProblems].flatMap((check) =>
      check(raw, inventory),
    ),
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
  const raw: Raw = { file: mapAt(tree.value), data: mapAt(data), settings, places, filePlaces: tree.places }
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

function assemble(
  raw: Raw,
  resolved: readonly { name: string; resolved: Resolved }[],
  options: LoadOptions,
): Inventory {
  const whole = inventorySchema.parse(raw.data)
  const { source } = whole.artifacts
  const groups = Object.keys(whole.groups ?? {}).map((group) => [
    group,
    resolved.filter((one) => one.resolved.groups.includes(group)).map((one) => one.name),
  ])
  return {
    file: options.file,
    name: whole.name,
    kubernetes: whole.kubernetes,
    runtime: whole.runtime,
    network: whole.network,
    artifacts: {
      source: typeof source === 'object' && 'bundle' in source ? { bundle: localPath(source.bundle, options) } : source,
    },
    hosts: resolved.map((one) => assembleHost(raw, one.name, one.resolved, options)),
    groups: Object.fromEntries(groups),
    origins: new Map([
      ...resolved.map((one): [string, Resolved['origins']] => [one.name, one.resolved.origins]),
      ['', clusterOrigins(raw)],
    ]),
  }
}

function clusterOrigins(raw: Raw): ReadonlyMap<string, readonly Origin[]> {
  const sections = ['name', 'kubernetes', 'runtime', 'network', 'artifacts', 'hosts', 'groups']
  const keys = [...raw.places.keys()].filter((key) => sections.includes(key.split('\0')[0] ?? ''))
  return new Map(
    keys.map((key) => {
      const path = key.split('\0')
      const set = raw.places.get(key)?.value.source.file === '--set'
      return [key, [{ layer: set ? '--set' : 'top', value: undefined, path, where: whereOf(raw.places, path) }]]
    }),
  )
}

function assembleHost(raw: Raw, name: string, resolved: Resolved, options: LoadOptions): Host {
  const own = mapAt(raw.data, 'hosts', name)
  const { ssh, become, vars, ...rest } = resolvedSettings.parse(resolved.settings)
  const open = (reference: SecretReference, path: readonly string[]): Secret => {
    const where = resolved.origins.get(placeKey(path.slice(0, 2)))?.[0]?.where ?? ''
    return new Secret(
      'file' in reference ? { file: localPath(reference.file, options) } : reference,
      where,
      options.openSecret,
    )
  }
  const { password, passphrase, identityFile, knownHostsFile, ...sshRest } = ssh
  const { password: becomePassword, ...becomeRest } = become
  return {
    name,
    ...(typeof own.address === 'string' ? { address: own.address } : {}),
    ...(typeof own.nodeAddress === 'string' ? { nodeAddress: own.nodeAddress } : {}),
    roles: [...new Set(own.roles as (typeof roles)[number][])],
    groups: resolved.groups,
    ...rest,
    ssh: {
      ...sshRest,
      ...(identityFile === undefined ? {} : { identityFile: localPath(identityFile, options) }),
      ...(knownHostsFile === undefined ? {} : { knownHostsFile: localPath(knownHostsFile, options) }),
      ...(password === undefined ? {} : { password: open(password, ['ssh', 'password']) }),
      ...(passphrase === undefined ? {} : { passphrase: open(passphrase, ['ssh', 'passphrase']) }),
    },
    become: {
      ...becomeRest,
      ...(becomePassword === undefined ? {} : { password: open(becomePassword, ['become', 'password']) }),
    },
    vars: Object.fromEntries(
      Object.entries(vars).map(([key, value]) => [
        key,
        withSecrets(value, (reference) => open(reference, ['vars', key])),
      ]),
    ),
  }
}

/** `{secret: …}` anywhere in a variable becomes a Secret. */
function withSecrets(value: unknown, open: (reference: SecretReference) => Secret): Var {
  if (typeof value !== 'object' || value === null) return value as Var
  if (Array.isArray(value)) return value.map((item) => withSecrets(item, open))
  const entries = Object.entries(value)
  if (entries.length === 1 && entries[0]?.[0] === 'secret') return open(secretReference.parse(entries[0][1]))
  return Object.fromEntries(entries.map(([key, inner]) => [key, withSecrets(inner, open)]))
}

/** Absolute, from the home folder, or from the inventory's folder. */
function localPath(path: string, options: LoadOptions): string {
  if (path.startsWith('~/') && options.home !== undefined) return join(options.home, path.slice(2))
  return path.startsWith('/') || path.startsWith('~') ? path : join(dirname(options.file), path)
}

function deepFreeze<T>(value: T): T {
  if (typeof value === 'object' && value !== null && !Object.isFrozen(value)) {
    Object.freeze(value)
    for (const inner of Object.values(value)) deepFreeze(inner)
  }
  return value
}
