import type { Change } from '../core/change.ts'
import { InputError } from '../core/errors.ts'
import { quote } from '../core/quote.ts'
import { type Resource, type ResourceOptions, type ResourceType, resource } from '../core/resource.ts'
import type { Step } from '../core/step.ts'
import { folderOf, hostPath } from '../facts/host-path.ts'
import { normalValue, sysctlPath, sysctlProbe } from '../facts/sysctl.ts'
import { overridingAssignment, type SysctlAssignment, sysctlFileProbe } from '../facts/sysctl-file.ts'
import { blobOf } from './blob.ts'
import {
  type OwnedFile,
  type OwnedFileState,
  observeOwnedFile,
  ownedFileChanges,
  ownedFileProbes,
  ownedFileSteps,
} from './owned-file.ts'
import { meetsPorts } from './port-set.ts'

export interface SysctlsWant {
  /** The file in /etc/sysctl.d that sets them at every boot. Owned as a whole. */
  readonly file: string
  readonly values: Readonly<Record<string, string | number>>
  /** Why, for whoever reads the file: its first lines. */
  readonly comment?: string
}

interface Have {
  /** Running values by key; nothing where the kernel has no such key. */
  readonly running: ReadonlyMap<string, string | undefined>
  readonly list: OwnedFileState
}

/** Kernel parameters, running and at every boot: one owned file and the values behind it. */
export function sysctls(want: SysctlsWant, options?: ResourceOptions): Resource {
  const file = hostPath(want.file)
  if (folderOf(file) !== '/etc/sysctl.d' || !file.endsWith('.conf'))
    throw new InputError({ what: `${file} is not read at boot`, fix: 'name a file /etc/sysctl.d/NAME.conf' })
  for (const [key, value] of Object.entries(want.values)) {
    if (!/^[A-Za-z0-9_-]+([./][A-Za-z0-9_@-]+)+$/.test(key))
      throw new InputError({
        what: `${JSON.stringify(key)} is not a kernel parameter`,
        fix: 'write it as sysctl does, e.g. net.ipv4.ip_forward',
      })
    if (!/^[\x20-\x7e]+$/.test(String(value)))
      throw new InputError({ what: `${key}: ${JSON.stringify(value)} is not a value of one line` })
  }
  return resource(sysctlsType, { ...want, file }, options)
}

export const sysctlsType: ResourceType<SysctlsWant, Have> = {
  name: 'sysctls',
  key: ({ file }) => `sysctls:${file}`,
  // The values themselves live in the kernel.
  paths: ({ file }) => [file],
  probes: (want) => [...Object.keys(want.values).map(sysctlProbe), sysctlFileProbe, ...ownedFileProbes(listOf(want))],
  observe(want, answers) {
    const list = observeOwnedFile(listOf(want), answers)
    if ('unknown' in list) return list
    const keys = Object.keys(want.values)
    const running = new Map(keys.map((key) => [key, answers.get(sysctlProbe(key)).value]))
    const strange = keys.filter((key) => running.get(key) === undefined && moduleOf(key) === undefined)
    if (strange.length > 0) return { unknown: `this kernel has no parameter ${strange.join(', ')}` }
    const files = answers.get(sysctlFileProbe)
    const overrides = keys.flatMap((key) => {
      const found = overridingAssignment(files, want.file, key)
      return found && !meets(key, wanted(want, key), found.value) ? [{ ...found, key }] : []
    })
    if (overrides.length > 0) return { unknown: overrides.map((found) => describeOverride(want, found)).join('; ') }
    return { running, list }
  },
  diff: (want, { running, list }): readonly Change[] => [
    ...pendingKeys(want, running).map((key) => ({
      what: key,
      from: running.get(key) ?? `absent, ${moduleOf(key)} is not loaded`,
      to: wanted(want, key),
    })),
    ...ownedFileChanges(listOf(want), list).map((change) => ({
      ...change,
      what: `${want.file} ${change.what}`.trim(),
    })),
  ],
  steps(want, { running, list }): readonly Step[] {
    const pending = pendingKeys(want, running)
    // A module that is still to come brings values of its own, wanted ones among them: what is sent must not depend on that.
    const keys = Object.keys(want.values).filter((key) => pending.includes(key) || moduleOf(key) !== undefined)
    const set = keys.map((key) => `set_value ${quote(key)} ${quote(sysctlPath(key))} ${quote(wanted(want, key))}`)
    const body = `failed=0
set_value() {
  { printf '%s\\n' "$3" >"$2"; } && return 0
  printf '%s: the kernel did not take the value %s\\n' "$1" "$3"
  [ -e "$2" ] || printf '%s is not there: the kernel module that has it is not loaded\\n' "$2"
  failed=1
}
${set.join('\n')}
exit $failed`
    const apply: Step[] = pending.length === 0 ? [] : [{ title: `set ${keys.length} running values`, body }]
    return [...ownedFileSteps(listOf(want), list), ...apply]
  },
  evidence: ({ values }) => `${Object.keys(values).length} values, running and at boot`,
}

function wanted({ values }: SysctlsWant, key: string): string {
  return normalValue(String(values[key]))
}

function pendingKeys(want: SysctlsWant, running: Have['running']): readonly string[] {
  return Object.keys(want.values).filter((key) => {
    const value = running.get(key)
    return value === undefined || !meets(key, wanted(want, key), value)
  })
}

/** Reserved ports are a set: more than what is wanted is as good, in whatever order and grouping. */
function meets(key: string, want: string, have: string): boolean {
  return key === 'net.ipv4.ip_local_reserved_ports' ? meetsPorts(want, have) : want === have
}

/** Parameters that only exist once a module is loaded. */
const MODULES: readonly (readonly [prefix: string, module: string])[] = [
  ['net.bridge.', 'br_netfilter'],
  ['net.netfilter.', 'nf_conntrack'],
  ['net.nf_conntrack_max', 'nf_conntrack'],
  ['net.ipv4.vs.', 'ip_vs'],
]

function moduleOf(key: string): string | undefined {
  return MODULES.find(([prefix]) => key.startsWith(prefix))?.[1]
}

function describeOverride(want: SysctlsWant, { file, key, value }: SysctlAssignment): string {
  return (
    `${key} would not survive a reboot: ${file} is read after ${want.file} and sets it to ${JSON.stringify(value)}, ` +
    `not ${JSON.stringify(wanted(want, key))}: remove the line from ${file}`
  )
}

function listOf(want: SysctlsWant): OwnedFile {
  const head = ['Written by provision; changes made here are lost.', ...(want.comment?.split('\n') ?? [])]
  const lines = Object.keys(want.values).map((key) => `${key} = ${wanted(want, key)}`)
  const text = [...head.map((line) => `# ${line}`), ...lines, ''].join('\n')
  return { path: want.file, blob: blobOf(want.file, text), text, mode: '0644', owner: 'root', group: 'root' }
}
