import { InputError } from '../core/errors.ts'
import type { Host, Inventory } from './inventory.ts'
import { nearest } from './nearest.ts'
import { roles } from './schema-host.ts'
import { shown } from './source.ts'

/**
 * Hosts that patterns name, in the order of the inventory: `node1`, `web-*`, `group:edge`, `role:worker`, `all`; `!` before
 * any of them takes hosts away. Only `!` patterns: all hosts but those. A pattern may hold several, with commas.
 * @throws InputError for a pattern that names nobody, and when nobody is left.
 */
export function selectHosts(inventory: Inventory, patterns: readonly string[]): readonly Host[] {
  const parts = patterns
    .flatMap((pattern) => pattern.split(','))
    .map((part) => part.trim())
    .filter((part) => part !== '')
  if (parts.length === 0) return inventory.hosts
  const excluded = parts.filter((part) => part.startsWith('!')).map((part) => part.slice(1))
  const included = parts.filter((part) => !part.startsWith('!'))
  const wanted = new Set((included.length > 0 ? included : ['all']).flatMap((part) => named(inventory, part)))
  for (const part of excluded) for (const host of named(inventory, part)) wanted.delete(host)
  if (wanted.size === 0) {
    throw new InputError({
      what: `${parts.map(shown).join(' ')} leaves no host`,
      where: inventory.file,
      why: 'everything that was chosen is taken away again by a pattern with !',
      fix: `choose from: ${list(inventory.hosts.map((host) => host.name))}`,
    })
  }
  return inventory.hosts.filter((host) => wanted.has(host))
}

function named(inventory: Inventory, part: string): readonly Host[] {
  if (part === 'all' || part === '*') return inventory.hosts
  const [, kind, word = ''] = /^(group|role):(.*)$/.exec(part) ?? []
  if (kind === 'group') return members(inventory, word)
  if (kind === 'role') return withRole(inventory, word)
  const hosts = inventory.hosts.filter((host) => matches(part, host.name))
  if (hosts.length > 0) return hosts
  const names = inventory.hosts.map((host) => host.name)
  const fix = Object.hasOwn(inventory.groups, part)
    ? `that is a group: write group:${part}`
    : suggestion(part, names, '')
  throw new InputError({
    what: `no host is called ${shown(part)}`,
    where: inventory.file,
    fix: fix ?? `hosts: ${list(names)}`,
  })
}

function members(inventory: Inventory, word: string): readonly Host[] {
  const groups = Object.keys(inventory.groups)
  const chosen = groups.filter((group) => matches(word, group))
  if (chosen.length === 0) {
    const fix =
      suggestion(word, groups, 'group:') ??
      (groups.length > 0 ? `groups: ${list(groups)}` : 'this inventory has no groups')
    throw new InputError({ what: `no group is called ${shown(word)}`, where: inventory.file, fix })
  }
  const hosts = inventory.hosts.filter((host) => host.groups.some((group) => chosen.includes(group)))
  if (hosts.length > 0) return hosts
  throw new InputError({
    what: `group ${shown(word)} has no hosts`,
    where: inventory.file,
    fix: `name its members: groups: {${chosen[0]}: {hosts: […]}}`,
  })
}

function withRole(inventory: Inventory, word: string): readonly Host[] {
  const role = roles.find((one) => one === word)
  if (!role) {
    throw new InputError({
      what: `there is no role ${shown(word)}`,
      where: inventory.file,
      fix: suggestion(word, roles, 'role:') ?? `roles: ${list(roles)}`,
    })
  }
  const hosts = inventory.hosts.filter((host) => host.roles.includes(role))
  if (hosts.length > 0) return hosts
  throw new InputError({
    what: `no host has the role ${role}`,
    where: inventory.file,
    fix: `hosts: ${list(inventory.hosts.map((host) => host.name))}`,
  })
}

function suggestion(word: string, names: readonly string[], prefix: string): string | undefined {
  const name = nearest(word, names)
  return name === undefined ? undefined : `did you mean ${prefix}${name}?`
}

function list(names: readonly string[]): string {
  return names.length > 12 ? `${names.slice(0, 12).join(', ')} … (${names.length})` : names.join(', ')
}

/** `*` stands for any text, `?` for one character. Compared piece by piece, so that no pattern takes long. */
function matches(pattern: string, name: string): boolean {
  let star = -1
  let resume = 0
  let p = 0
  let n = 0
  while (n < name.length) {
    if (p < pattern.length && pattern[p] !== '*' && (pattern[p] === '?' || pattern[p] === name[n])) {
      p++
      n++
    } else if (pattern[p] === '*') {
      star = p++
      resume = n
    } else if (star >= 0) {
      p = star + 1
      n = ++resume
    } else return false
  }
  return /^\**$/.test(pattern.slice(p))
}
