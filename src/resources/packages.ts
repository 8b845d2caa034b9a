import type { Change } from '../core/change.ts'
import type { Unknown } from '../core/decision.ts'
import { InputError } from '../core/errors.ts'
import { type AnyProbe, probe } from '../core/fact.ts'
import { type Resource, type ResourceOptions, type ResourceType, resource } from '../core/resource.ts'
import type { Step } from '../core/step.ts'
import { type InstalledPackage, packageFact } from '../facts/package.ts'
import { type PackageFamily, packageDatabase } from '../facts/package-database.ts'
import { aptHold, aptInstall, aptRemove, dpkgConfigure } from './apt-steps.ts'
import { dnfHold, dnfInstall, dnfRemove } from './dnf-steps.ts'
import type { NamedPackage } from './named-package.ts'

/** `conntrack`, or with the version it must have; a `*` at its end stands for any rest (`1.36.4-*`). */
export type PackageWant = string | { readonly name: string; readonly version: string }

export interface PackagesWant {
  /** The same for every family, or a list for each: distributions disagree about names. */
  readonly names: readonly PackageWant[] | Readonly<Record<PackageFamily, readonly PackageWant[]>>
  /** Default `present`. `absent` removes the package; its configuration stays. */
  readonly state?: 'present' | 'absent'
  /** Left alone by an upgrade of everything. Left as it is when not said. */
  readonly held?: boolean
  /** How long to wait for another package manager to finish. Default 10 min. */
  readonly lockTimeoutMs?: number
}

interface Have {
  readonly family: PackageFamily
  readonly unfinished: readonly string[]
  readonly packages: readonly { readonly want: NamedPackage; readonly have: InstalledPackage | undefined }[]
}

const LOCK_TIMEOUT_MS = 600_000
const INSTALL_TIMEOUT_MS = 1_200_000

/** Packages of the distribution, installed or removed in one transaction. Their sources are files of the playbook. */
export function packages(want: PackagesWant, options: ResourceOptions = {}): Resource {
  for (const { name, version } of [...namesFor(want, 'apt'), ...namesFor(want, 'dnf')]) {
    if (
      /^[a-z0-9][a-z0-9+._-]{0,127}$/i.test(name) &&
      (version === undefined || /^[A-Za-z0-9.+:~^_-]+\*?$/.test(version))
    )
      continue
    throw new InputError({
      what: `${JSON.stringify(version === undefined ? name : `${name} ${version}`)} is not a package's name and version`,
      fix: 'write the name as the package manager does, e.g. conntrack, and pin a version with { name, version }',
    })
  }
  return resource(packagesType, want, { title: `packages ${listOf(want)}`, ...options })
}

export const packagesType: ResourceType<PackagesWant, Have> = {
  name: 'packages',
  key: (want) => `packages:${listOf(want)}`,
  // Only the package manager knows where a package's files go.
  paths: () => ['/etc', '/usr', '/opt', '/var'],
  probes: (want): readonly AnyProbe[] => [
    probe(packageDatabase, undefined),
    ...allNames(want).map((name) => probe(packageFact, name)),
  ],
  observe(want, answers): Have | Unknown {
    const { family, unfinished } = answers.get(probe(packageDatabase, undefined))
    if (!family) return { unknown: 'the host has neither apt nor dnf' }
    return {
      family,
      unfinished,
      packages: namesFor(want, family).map((named) => ({
        want: named,
        have: answers.get(probe(packageFact, named.name)),
      })),
    }
  },
  diff(want, have) {
    const changes = [...presenceChanges(want, have), ...holdChanges(want, have)]
    return changes.length > 0 ? [...repairChanges(have), ...changes] : []
  },
  steps: packageSteps,
  evidence: (_want, { packages: seen }) =>
    seen.map(({ want, have }) => (have ? `${want.name} ${have.version}` : `no ${want.name}`)).join(', '),
}

function isList(names: PackagesWant['names']): names is readonly PackageWant[] {
  return Array.isArray(names)
}

function namesFor({ names }: PackagesWant, family: PackageFamily): readonly NamedPackage[] {
  const list = isList(names) ? names : names[family]
  return list.map((want) => (typeof want === 'string' ? { name: want } : want))
}

function allNames(want: PackagesWant): readonly string[] {
  return [...new Set([...namesFor(want, 'apt'), ...namesFor(want, 'dnf')].map(({ name }) => name))]
}

function listOf(want: PackagesWant): string {
  return namesFor(want, 'apt')
    .map(({ name }) => name)
    .toSorted()
    .join(',')
}

/** `1.36.4-*` is met by `1.36.4-1.1`. */
function hasVersion({ version }: NamedPackage, have: InstalledPackage): boolean {
  if (version === undefined) return true
  return version.endsWith('*') ? have.version.startsWith(version.slice(0, -1)) : have.version === version
}

function presenceChanges({ state = 'present' }: PackagesWant, { packages: seen }: Have): readonly Change[] {
  return seen.flatMap(({ want, have }): readonly Change[] => {
    if (state === 'absent') return have ? [{ what: want.name, from: have.version, to: 'absent' }] : []
    const to = want.version ?? 'installed'
    if (!have) return [{ what: want.name, from: 'absent', to }]
    if (have.broken) return [{ what: want.name, from: `${have.version}, half installed`, to }]
    return hasVersion(want, have) ? [] : [{ what: want.name, from: have.version, to }]
  })
}

function holdChanges({ state = 'present', held }: PackagesWant, { packages: seen }: Have): readonly Change[] {
  if (held === undefined || state === 'absent') return []
  return seen.flatMap(({ want, have }) => {
    const now = have?.held ?? false
    return now === held ? [] : [{ what: `${want.name} held`, from: now ? 'yes' : 'no', to: held ? 'yes' : 'no' }]
  })
}

function repairChanges({ unfinished }: Have): readonly Change[] {
  return unfinished.length === 0 ? [] : [{ what: 'package database', from: unfinished.join(', '), to: 'in order' }]
}

function packageSteps(want: PackagesWant, have: Have): readonly Step[] {
  const changed = new Set(presenceChanges(want, have).map(({ what }) => what))
  const names = have.packages.map((item) => item.want).filter(({ name }) => changed.has(name))
  const held = have.packages.map((item) => item.want.name)
  const lockSeconds = Math.ceil((want.lockTimeoutMs ?? LOCK_TIMEOUT_MS) / 1000)
  const timeoutMs = INSTALL_TIMEOUT_MS + lockSeconds * 1000
  const step = (title: string, body: string): Step => ({ title, body, timeoutMs })
  const list = names.map(({ name }) => name).join(' ')
  const apt = have.family === 'apt'
  const steps: Step[] = []
  if (packagesType.diff(want, have).length > 0 && have.unfinished.length > 0)
    steps.push(step('finish what dpkg was interrupted in', dpkgConfigure(lockSeconds)))
  if (names.length > 0 && want.state === 'absent')
    steps.push(step(`remove ${list}`, apt ? aptRemove(names, lockSeconds) : dnfRemove(names, lockSeconds)))
  else if (names.length > 0)
    steps.push(step(`install ${list}`, apt ? aptInstall(names, lockSeconds) : dnfInstall(names, lockSeconds)))
  if (holdChanges(want, have).length > 0) {
    const on = want.held === true
    steps.push(step(`${on ? 'hold' : 'no longer hold'} ${held.join(' ')}`, apt ? aptHold(held, on) : dnfHold(held, on)))
  }
  return steps
}
