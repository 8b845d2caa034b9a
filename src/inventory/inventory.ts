import type { z } from 'zod'
import type { Origins } from './layers.ts'
import type { artifacts, kubernetes, runtime } from './schema.ts'
import type { addons } from './schema-addons.ts'
import type { certManager } from './schema-cert-manager.ts'
import type { resolvedSettings, roles } from './schema-host.ts'
import type { ingress } from './schema-ingress.ts'
import type { loadBalancer } from './schema-load-balancer.ts'
import type { network } from './schema-network.ts'
import type { policies } from './schema-policies.ts'
import type { Secret } from './secret.ts'

/** Readonly all the way down; a secret stays a secret. */
export type Frozen<T> = T extends Secret
  ? T
  : T extends readonly (infer Item)[]
    ? readonly Frozen<Item>[]
    : T extends object
      ? { readonly [Key in keyof T]: Frozen<T[Key]> }
      : T

type Settings = z.output<typeof resolvedSettings>

export type Role = (typeof roles)[number]

/** How to reach a machine, as far as the inventory says: what is missing comes from ~/.ssh/config and defaults. */
export type Ssh = Frozen<Omit<Settings['ssh'], 'password' | 'passphrase'>> & {
  readonly password?: Secret
  readonly passphrase?: Secret
}

export type Become = Frozen<Omit<Settings['become'], 'password'>> & { readonly password?: Secret }

export type Kernel = Frozen<Settings['kernel']>
export type Kubelet = Frozen<Settings['kubelet']>
export type Verify = Frozen<Settings['verify']>
export type Taint = Frozen<Settings['taints'][number]>
export type LabMachine = Frozen<NonNullable<Settings['lab']>>

export type Kubernetes = Frozen<z.output<typeof kubernetes>>
export type Runtime = Frozen<z.output<typeof runtime>>
export type Network = Frozen<z.output<typeof network>>
export type ArtifactSource = Frozen<z.output<typeof artifacts>>['source']

type Metallb = z.output<typeof loadBalancer>['metallb']

/** Addresses for Services, as MetalLB gives them out. */
export type Pool = Frozen<Metallb['pools'][string]>
/** A router that is told by BGP. */
export type Peer = Frozen<Omit<Metallb['peers'][string], 'password'>> & { readonly password?: Secret }

export interface LoadBalancer {
  readonly metallb: {
    readonly pools: Readonly<Record<string, Pool>>
    readonly peers: Readonly<Record<string, Peer>>
  }
}

/** Who may talk to whom, by namespace. */
export type Policies = Frozen<z.output<typeof policies>>
export type NamespacePolicies = Policies[string]
export type PolicyRule = NamespacePolicies['allow'][string]
/** One end of a connection a rule allows. */
export type PolicyEnd = PolicyRule['from'][number]
export type PolicyPort = NonNullable<PolicyRule['ports']>[number]

/** Objects of the user's own. */
export type Addon = Frozen<z.output<typeof addons>>[number]
export type AddonWait = Addon['wait'][number]
/** Who carries HTTP from outside to Services. */
export type Ingress = Frozen<z.output<typeof ingress>>

type IssuerAsWritten = z.output<typeof certManager>['issuers'][string]
type Provider<Name extends keyof NonNullable<IssuerAsWritten['dns01']>> = NonNullable<
  NonNullable<IssuerAsWritten['dns01']>[Name]
>

/** Who keeps a zone, and what lets us change it. */
export interface Dns01 {
  readonly cloudflare?: { readonly apiToken: Secret }
  readonly route53?: Frozen<Omit<Provider<'route53'>, 'secretAccessKey'>> & { readonly secretAccessKey: Secret }
  readonly rfc2136?: Frozen<Omit<Provider<'rfc2136'>, 'tsigSecret'>> & { readonly tsigSecret: Secret }
}

/** Who signs certificates, and how a name is proven to it. */
export type Issuer = Frozen<Omit<IssuerAsWritten, 'dns01'>> & { readonly dns01?: Dns01 }

export interface CertManager {
  readonly issuers: Readonly<Record<string, Issuer>>
}

/** A value of `vars`: JSON, or a secret. */
export type Var = Secret | string | number | boolean | null | readonly Var[] | { readonly [key: string]: Var }

/** One machine with everything that holds for it: defaults, top of the file, groups, host and `--set` added up. */
export interface Host {
  readonly name: string
  /** Where ssh goes. Without it the name is an alias of ~/.ssh/config or a name in DNS; a lab machine has none. */
  readonly address?: string
  /** Address other nodes use, where it is not `address`. */
  readonly nodeAddress?: string
  readonly roles: readonly Role[]
  /** In the order they were named. */
  readonly groups: readonly string[]
  readonly ssh: Ssh
  readonly become: Become
  readonly kernel: Kernel
  readonly kubelet: Kubelet
  readonly labels: Readonly<Record<string, string>>
  readonly taints: readonly Taint[]
  readonly vars: Readonly<Record<string, Var>>
  readonly verify: Verify
  /** Requirement id to reason. */
  readonly accept: Readonly<Record<string, string>>
  /** A throwaway machine of `provision lab`. */
  readonly lab?: LabMachine
}

/** A whole inventory, checked, resolved and frozen. */
export interface Inventory {
  /** As it was given on the command line. */
  readonly file: string
  readonly name: string
  readonly kubernetes: Kubernetes
  readonly runtime: Runtime
  readonly network: Network
  readonly artifacts: { readonly source: ArtifactSource }
  /** Left out where nothing makes Services of type LoadBalancer work. */
  readonly loadBalancer?: LoadBalancer
  /** Left out where nothing is said of who may talk to whom; empty: what was said is taken back. */
  readonly policies?: Policies
  /** In the order they are applied; empty: none any more. */
  readonly addons?: readonly Addon[]
  /** Left out where nobody carries HTTP from outside. */
  readonly ingress?: Ingress
  /** Left out where nobody gets certificates. */
  readonly certManager?: CertManager
  /** In the order of the file; at least one. */
  readonly hosts: readonly Host[]
  /** Group name to host names. */
  readonly groups: Readonly<Record<string, readonly string[]>>
  /** Where every value came from; read it with `explainValue`. */
  readonly origins: Origins
}
