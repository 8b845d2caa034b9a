import type { Fact } from '../core/fact.ts'
import { namedValues, SHOW_FIRST_LINE } from './first-line.ts'

export interface Kernel {
  /** `uname -r`. */
  readonly release: string
  /** Numbers at its beginning, e.g. `[6, 12, 41]`. */
  readonly version: readonly number[]
  /** Type information for portable BPF programs is there. */
  readonly btf: boolean
  /** depmod's list of modules for this release can be read. */
  readonly moduleList: boolean
}

export const kernel: Fact<undefined, Kernel> = {
  name: 'kernel',
  id: () => 'host',
  script: () => `${SHOW_FIRST_LINE}
show host release /proc/sys/kernel/osrelease
[ ! -e /sys/kernel/btf/vmlinux ] || printf 'host\\tbtf\\tyes\\n'
read -r release </proc/sys/kernel/osrelease
[ ! -r "/lib/modules/$release/modules.dep" ] || printf 'host\\tmodules\\tyes\\n'`,
  parse(lines) {
    const seen = namedValues(lines)
    const release = seen.get('release') ?? ''
    return {
      release,
      version: versionNumbers(release),
      btf: seen.get('btf') === 'yes',
      moduleList: seen.get('modules') === 'yes',
    }
  },
}

/** `6.1.0-25-amd64` is [6, 1, 0]. */
export function versionNumbers(release: string): readonly number[] {
  return (/^\d+(\.\d+)*/.exec(release)?.[0] ?? '').split('.').flatMap((part) => (part === '' ? [] : [Number(part)]))
}

/** Whether version `a` is `b` or later. */
export function isAtLeast(a: readonly number[], b: readonly number[]): boolean {
  for (const [i, floor] of b.entries()) {
    const part = a[i] ?? 0
    if (part !== floor) return part > floor
  }
  return true
}
