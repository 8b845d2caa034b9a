import type { Change } from '../core/change.ts'
import type { Unknown } from '../core/decision.ts'
import { InputError } from '../core/errors.ts'
import { argv } from '../core/quote.ts'
import { type Resource, type ResourceOptions, type ResourceType, resource } from '../core/resource.ts'
import type { Step } from '../core/step.ts'
import { folderOf, hostPath } from '../facts/host-path.ts'
import { type KernelModuleState, kernelModuleProbe } from '../facts/kernel-module.ts'
import { blobOf } from './blob.ts'
import {
  type OwnedFile,
  type OwnedFileState,
  observeOwnedFile,
  ownedFileChanges,
  ownedFileProbes,
  ownedFileSteps,
} from './owned-file.ts'

/** A module, or names one module has had in turn, newest first: `['nf_conntrack', 'nf_conntrack_ipv4']`. */
export type ModuleName = string | readonly [string, ...string[]]

export interface KernelModulesWant {
  /** File in /etc/modules-load.d that has them loaded at every boot. Owned as a whole. */
  readonly file: string
  readonly modules: readonly ModuleName[]
}

interface Have {
  readonly modules: readonly { readonly name: string; readonly state: 'loaded' | 'builtin' | 'available' }[]
  readonly list: OwnedFileState
}

/** Modules that are loaded now, and at every boot. One built into the kernel counts as loaded. */
export function kernelModules(want: KernelModulesWant, options?: ResourceOptions): Resource {
  const file = hostPath(want.file)
  if (folderOf(file) !== '/etc/modules-load.d' || !file.endsWith('.conf'))
    throw new InputError({
      what: `${file} is not read at boot`,
      fix: 'name a file /etc/modules-load.d/NAME.conf',
    })
  for (const name of want.modules.flat())
    if (!/^[A-Za-z0-9_-]{1,64}$/.test(name))
      throw new InputError({ what: `${JSON.stringify(name)} is not a name a kernel module can have` })
  return resource(kernelModulesType, { file, modules: want.modules }, options)
}

/** One module, in a file of its own. */
export function kernelModule(name: ModuleName, options?: ResourceOptions): Resource {
  const first = typeof name === 'string' ? name : name[0]
  return kernelModules({ file: `/etc/modules-load.d/${first}.conf`, modules: [name] }, options)
}

export const kernelModulesType: ResourceType<KernelModulesWant, Have> = {
  name: 'kernel-modules',
  key: ({ file }) => `modules:${file}`,
  paths: ({ file }) => [file],
  probes: (want) => [
    ...want.modules.flat().map(kernelModuleProbe),
    // The list names the modules this kernel has, so its text is only known with the answers: always fetch the old one.
    ...ownedFileProbes(listOf(want, firstNames(want))),
  ],
  observe(want, answers) {
    const modules: Have['modules'][number][] = []
    for (const module of want.modules) {
      const seen = choose(module, (name) => answers.get(kernelModuleProbe(name)))
      if ('unknown' in seen) return seen
      modules.push(seen)
    }
    const list = observeOwnedFile(listOf(want, firstNames(want)), answers)
    return 'unknown' in list ? list : { modules, list }
  },
  diff: (want, { modules, list }): readonly Change[] => [
    ...modules
      .filter(({ state }) => state === 'available')
      .map(({ name }) => ({ what: name, from: 'not loaded', to: 'loaded' })),
    ...ownedFileChanges(listOf(want, names(modules)), list),
  ],
  steps(want, { modules, list }): readonly Step[] {
    const missing = modules.filter(({ state }) => state === 'available').map(({ name }) => name)
    const load: Step[] =
      missing.length === 0 ? [] : [{ title: `load ${missing.join(', ')}`, body: `modprobe -a -- ${argv(missing)}` }]
    return [...load, ...ownedFileSteps(listOf(want, names(modules)), list)]
  },
  evidence: (_want, { modules }) =>
    modules.map(({ name, state }) => (state === 'builtin' ? `${name} (built in)` : name)).join(', '),
}

/** The first of a module's names that this kernel knows. */
function choose(module: ModuleName, look: (name: string) => KernelModuleState): Have['modules'][number] | Unknown {
  const candidates = [module].flat()
  for (const name of candidates) {
    const { state } = look(name)
    if (state !== 'missing') return { name, state }
  }
  const { kernel } = look(candidates[0] ?? '')
  return {
    unknown:
      `kernel ${kernel} has no module ${candidates.join(' or ')}: ` +
      'install the package with its other modules (Debian: the full linux-image instead of a cloud or minimal one; ' +
      `Ubuntu: linux-modules-extra-${kernel}; EL and Fedora: kernel-modules-extra-${kernel}), or boot the distribution's own kernel`,
  }
}

function firstNames({ modules }: KernelModulesWant): readonly string[] {
  return modules.map((module) => [module].flat()[0] ?? '')
}

function names(modules: Have['modules']): readonly string[] {
  return modules.map(({ name }) => name)
}

function listOf({ file }: KernelModulesWant, modules: readonly string[]): OwnedFile {
  const text = `# Loaded at boot. Written by provision; changes made here are lost.\n${modules.map((name) => `${name}\n`).join('')}`
  return { path: file, blob: blobOf(file, text), text, mode: '0644', owner: 'root', group: 'root' }
}
