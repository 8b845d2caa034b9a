import ipaddr from 'ipaddr.js'
import { byRule } from './by-rule.ts'
import type { Host, Inventory } from './inventory.ts'
import { pathText } from './layers.ts'
import { didYouMean } from './nearest.ts'
import type { Problem } from './problem.ts'
import { problemAt } from './problem-at.ts'
import { asList, mapAt, type Raw } from './resolve.ts'
import { secretReference } from './secret.ts'
import { isSecretKey } from './secret-mask.ts'
import { shown } from './source.ts'

/** Rules that no single value can break. Each gives its problems; none stops the others. */

/** Names that refer to a host or group, and mean nobody. */
export function unknownNames(raw: Raw): readonly Problem[] {
  const hosts = Object.keys(mapAt(raw.data, 'hosts'))
  const groups = Object.keys(mapAt(raw.data, 'groups'))
  const check = (names: readonly string[], kind: string, known: readonly string[], path: readonly string[]) =>
    names.flatMap((name, index) => {
      if (known.includes(name)) return []
      const fix =
        didYouMean(name, known) ??
        (known.length > 0 ? `there are: ${known.slice(0, 8).join(', ')}` : `write it below ${kind}s: first`)
      return [problemAt(raw, [...path, index], `there is no ${kind} ${shown(name)}`, fix)]
    })
  return [
    ...hosts.flatMap((host) =>
      check(asList(mapAt(raw.data, 'hosts', host).groups), 'group', groups, ['hosts', host, 'groups']),
    ),
    ...groups.flatMap((group) =>
      check(asList(mapAt(raw.data, 'groups', group).hosts), 'host', hosts, ['groups', group, 'hosts']),
    ),
  ]
}

/** Secrets that stand in `vars` as plain text. */
export function plainSecrets(raw: Raw): readonly Problem[] {
  const places = [
    ['vars'],
    ...['groups', 'hosts'].flatMap((kind) => Object.keys(mapAt(raw.data, kind)).map((name) => [kind, name, 'vars'])),
  ]
  return places.flatMap((path) => plainSecretsIn(raw, mapAt(raw.data, ...path), path))
}

function plainSecretsIn(raw: Raw, value: unknown, path: readonly (string | number)[]): readonly Problem[] {
  if (typeof value !== 'object' || value === null) return []
  return Object.entries(value).flatMap(([key, inner]) => {
    const at = [...path, Array.isArray(value) ? Number(key) : key]
    const reference = key === 'secret' && Object.keys(value).length === 1
    const bad = reference
      ? !secretReference.safeParse(inner).success
      : isSecretKey(key) && /pass/i.test(key) && typeof inner === 'string'
    if (!bad) return reference ? [] : plainSecretsIn(raw, inner, at)
    const name = reference ? at.slice(0, -1) : at
    const what = `${pathText(name)} must be a reference to a secret, not the secret itself`
    return [
      problemAt(
        raw,
        at,
        what,
        'write {secret: {env: NAME}}, {secret: {file: PATH}} or {secret: {command: [PROGRAM, ARGUMENT]}}',
      ),
    ]
  })
}

export function hostCount(raw: Raw, inventory: Inventory): readonly Problem[] {
  if (inventory.hosts.length === 0) {
    return [
      problemAt(
        raw,
        ['hosts'],
        'there are no hosts',
        'name at least one, for instance  hosts: {node1: {address: 10.0.0.11, roles: [control-plane, worker]}}',
      ),
    ]
  }
  const planes = inventory.hosts.filter((host) => host.roles.includes('control-plane'))
  if (planes.length === 0) {
    return [
      problemAt(
        raw,
        ['hosts'],
        'no host has the role control-plane',
        'give one host roles: [control-plane], or [control-plane, worker]',
      ),
    ]
  }
  if ([1, 3, 5].includes(planes.length)) return []
  const why =
    planes.length % 2 === 0
      ? `with ${planes.length}, losing ${planes.length / 2} stops the cluster: no better than ${planes.length - 1}`
      : 'more than 5 only slow etcd down'
  const names = planes.map((host) => host.name).join(', ')
  const last = planes.at(-1)?.name ?? ''
  return byRule('odd-control-planes', [
    problemAt(
      raw,
      ['hosts', last, 'roles'],
      `${planes.length} control planes (${names}), but it must be 1, 3 or 5: ${why}`,
      'give the role control-plane to 1, 3 or 5 hosts',
    ),
  ])
}

/** Two names for one machine. */
export function sameMachine(raw: Raw, inventory: Inventory): readonly Problem[] {
  const doors = new Map<string, Host>()
  return inventory.hosts.flatMap((host) =>
    (['address', 'nodeAddress'] as const).flatMap((key) => {
      const address = host[key]
      if (address === undefined) return []
      const { port = 22, proxyJump = '', proxyCommand = '' } = host.ssh
      const door = JSON.stringify(
        key === 'address' ? [key, normal(address), port, proxyJump, proxyCommand] : [key, normal(address)],
      )
      const first = doors.get(door)
      doors.set(door, first ?? host)
      if (!first) return []
      const what = `${key} ${address} of host "${host.name}" is also that of host "${first.name}"`
      return [
        problemAt(
          raw,
          ['hosts', host.name, key],
          what,
          'one machine is one host: correct the address, or delete one of the two',
        ),
      ]
    }),
  )
}

function normal(address: string): string {
  return ipaddr.isValid(address) ? ipaddr.parse(address).toNormalizedString() : address.toLowerCase()
}

/** Settings of one host that contradict each other. */
export function hostContradictions(raw: Raw, inventory: Inventory): readonly Problem[] {
  return inventory.hosts.flatMap((host) => {
    const at = (path: string) =>
      inventory.origins.get(host.name)?.get(path.replaceAll('.', '\0'))?.[0]?.path ?? ['hosts', host.name]
    const problems: Problem[] = []
    const { proxyJump = 'none', proxyCommand = 'none' } = host.ssh
    if (proxyJump !== 'none' && proxyCommand !== 'none') {
      const what = `host "${host.name}" has both proxyJump and proxyCommand`
      problems.push(
        problemAt(
          raw,
          at('ssh.proxyCommand'),
          what,
          'delete one; a host switches off what a wider place says by proxyJump: none or proxyCommand: none',
        ),
      )
    }
    if (host.lab && host.address !== undefined) {
      const what = `host "${host.name}" is a machine of provision lab, which gives it an address itself`
      problems.push(
        problemAt(
          raw,
          ['hosts', host.name, 'address'],
          what,
          'delete the address, or the key lab for a machine of your own',
        ),
      )
    }
    if (host.kubelet.swapBehavior !== undefined && host.kernel.swap === 'off') {
      problems.push(
        problemAt(
          raw,
          at('kubelet.swapBehavior'),
          `host "${host.name}" has kubelet.swapBehavior, but its swap is turned off`,
          'write kernel: {swap: keep}, or delete swapBehavior',
        ),
      )
    }
    return problems
  })
}

const ipvsOnly = ['scheduler', 'strictARP', 'tcpTimeout', 'tcpFinTimeout', 'udpTimeout']

/** kube-proxy settings its mode does not look at. */
export function idleProxySettings(raw: Raw, inventory: Inventory): readonly Problem[] {
  const { mode } = inventory.kubernetes.kubeProxy
  if (mode === 'ipvs') return []
  const idle = Object.keys(mapAt(raw.data, 'kubernetes', 'kubeProxy'))
    .filter((key) => ipvsOnly.includes(key))
    .map((key) =>
      problemAt(
        raw,
        ['kubernetes', 'kubeProxy', key],
        `kubernetes.kubeProxy.${key} does nothing in mode ${mode}`,
        `delete it, or write mode: ipvs`,
      ),
    )
  return byRule('idle-settings', idle)
}
