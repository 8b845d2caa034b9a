import { dirname, join } from 'node:path'
import type { z } from 'zod'
import { assembleCertManager } from './assemble-cert-manager.ts'
import type { Addon, Host, Inventory, Kubernetes, LoadBalancer, Var } from './inventory.ts'
import type { Origin } from './layers.ts'
import { l2Pools } from './load-balancer-checks.ts'
import { mapAt, type Raw, type Resolved, whereOf } from './resolve.ts'
import { inventory as inventorySchema } from './schema.ts'
import { withEndpoint } from './schema-endpoint.ts'
import { resolvedSettings, type roles } from './schema-host.ts'
import { type OpenSecret, Secret, type SecretReference, secretReference } from './secret.ts'
import { placeKey } from './tree.ts'

export interface PathOptions {
  /** Shown in errors; paths in the inventory are relative to its folder. */
  readonly file: string
  /** What `~/` stands for. */
  readonly home?: string
  readonly openSecret: OpenSecret
}

/** Validated data as the types others see: defaults filled in, paths resolved, secrets closed. */
export function assemble(raw: Raw, resolved: readonly Resolved[], options: PathOptions): Inventory {
  const whole = inventorySchema.parse(raw.data)
  const { source } = whole.artifacts
  const groups = Object.keys(whole.groups ?? {}).map((group) => [
    group,
    resolved.filter((one) => one.groups.includes(group)).map((one) => one.name),
  ])
  const loadBalancer = assembleLoadBalancer(raw, whole.loadBalancer, options)
  return {
    file: options.file,
    name: whole.name,
    kubernetes: withEndpoint(withStrictArp(raw, whole.kubernetes, loadBalancer)),
    runtime: whole.runtime,
    network: whole.network,
    artifacts: {
      source: typeof source === 'object' && 'bundle' in source ? { bundle: localPath(source.bundle, options) } : source,
    },
    ...(loadBalancer ? { loadBalancer } : {}),
    ...(whole.policies ? { policies: whole.policies } : {}),
    ...(whole.addons ? { addons: whole.addons.map((addon) => localAddon(addon, options)) } : {}),
    ...(whole.ingress ? { ingress: whole.ingress } : {}),
    ...(whole.certManager
      ? {
          certManager: assembleCertManager(whole.certManager, (reference, path) =>
            secretAt(reference, whereOf(raw.places, path), options),
          ),
        }
      : {}),
    hosts: resolved.map((one) => assembleHost(raw, one, options)),
    groups: Object.fromEntries(groups),
    origins: new Map([
      ...resolved.map((one): [string, Resolved['origins']] => [one.name, one.origins]),
      ['', clusterOrigins(raw)],
    ]),
  }
}

/** Whoever has MetalLB answer ARP wants it, unless the file says otherwise: with ipvs every node would answer. */
function withStrictArp(raw: Raw, kubernetes: Kubernetes, loadBalancer?: LoadBalancer): Kubernetes {
  const { kubeProxy } = kubernetes
  const written = 'strictARP' in mapAt(raw.data, 'kubernetes', 'kubeProxy')
  if (written || kubeProxy.mode !== 'ipvs' || l2Pools(loadBalancer).length === 0) return kubernetes
  return { ...kubernetes, kubeProxy: { ...kubeProxy, strictARP: true } }
}

function assembleLoadBalancer(
  raw: Raw,
  whole: z.output<typeof inventorySchema>['loadBalancer'],
  options: PathOptions,
): LoadBalancer | undefined {
  if (!whole) return undefined
  const { pools, peers } = whole.metallb
  const closed = Object.entries(peers).map(([name, { password, ...peer }]) => {
    if (password === undefined) return [name, peer] as const
    const where = whereOf(raw.places, ['loadBalancer', 'metallb', 'peers', name, 'password'])
    return [name, { ...peer, password: secretAt(password, where, options) }] as const
  })
  return { metallb: { pools, peers: Object.fromEntries(closed) } }
}

function secretAt(reference: SecretReference, where: string, options: PathOptions): Secret {
  const own = 'file' in reference ? { file: localPath(reference.file, options) } : reference
  return new Secret(own, where, options.openSecret)
}

function clusterOrigins(raw: Raw): ReadonlyMap<string, readonly Origin[]> {
  const sections = [
    'name',
    'kubernetes',
    'runtime',
    'network',
    'artifacts',
    'loadBalancer',
    'policies',
    'addons',
    'ingress',
    'certManager',
    'hosts',
    'groups',
  ]
  const keys = [...raw.places.keys()].filter((key) => sections.includes(key.split('\0')[0] ?? ''))
  return new Map(
    keys.map((key) => {
      const path = key.split('\0')
      const set = raw.places.get(key)?.value.source.file === '--set'
      return [key, [{ layer: set ? '--set' : 'top', value: undefined, path, where: whereOf(raw.places, path) }]]
    }),
  )
}

function assembleHost(raw: Raw, resolved: Resolved, options: PathOptions): Host {
  const { name } = resolved
  const own = mapAt(raw.data, 'hosts', name)
  const { ssh, become, vars, ...rest } = resolvedSettings.parse(resolved.settings)
  const open = (reference: SecretReference, path: readonly string[]): Secret =>
    secretAt(reference, resolved.origins.get(placeKey(path))?.[0]?.where ?? '', options)
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

function localAddon({ manifests, kustomize, ...rest }: Addon, options: PathOptions): Addon {
  return {
    ...rest,
    ...(manifests === undefined
      ? {}
      : { manifests: manifests.map((one) => (typeof one === 'string' ? localPath(one, options) : one)) }),
    ...(kustomize === undefined ? {} : { kustomize: localPath(kustomize, options) }),
  }
}

/** Absolute, from the home folder, or from the inventory's folder. */
function localPath(path: string, options: PathOptions): string {
  if (path.startsWith('~/') && options.home !== undefined) return join(options.home, path.slice(2))
  return path.startsWith('/') || path.startsWith('~') ? path : join(dirname(options.file), path)
}
