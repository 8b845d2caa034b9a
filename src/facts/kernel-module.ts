import { type Fact, type Probe, probe } from '../core/fact.ts'
import { FactError } from '../core/fact-error.ts'
import { quote } from '../core/quote.ts'

/**
 * - `loaded`: in the kernel now.
 * - `builtin`: part of the kernel, always there.
 * - `available`: there is a file for this kernel that can be loaded.
 * - `missing`: this kernel has no such module.
 */
export interface KernelModuleState {
  readonly state: 'loaded' | 'builtin' | 'available' | 'missing'
  /** Release of the running kernel. */
  readonly kernel: string
}

/**
 * Kernel modules by name. Loaded ones, and built-in ones with parameters, have a folder in /sys/module; the rest is
 * looked up in the lists depmod and the kernel's build made: one grep each, and none when all are loaded.
 */
export const kernelModule: Fact<string, KernelModuleState> = {
  name: 'kernel-module',
  id: (ask) => ask,
  script(asks) {
    const loaded = asks.map((ask) => `see ${quote(ask)} ${quote(ask.replaceAll('-', '_'))}`)
    return `kernel=''
read -r kernel </proc/sys/kernel/osrelease
lists=/lib/modules/$kernel rest='' pattern=''
see() {
  if [ -e /sys/module/"$2"/initstate ]; then printf '%s\\tloaded\\t%s\\n' "$1" "$kernel"
  elif [ -d /sys/module/"$2" ]; then printf '%s\\tbuiltin\\t%s\\n' "$1" "$kernel"
  else rest="$rest $1" pattern="$pattern\${pattern:+|}$3"; fi
}
${loaded.map((line, i) => `${line} ${quote((asks[i] ?? '').replaceAll(/[-_]/g, '[-_]'))}`).join('\n')}
[ -n "$rest" ] || exit 0
names() { while read -r file a; do file=\${file##*/} file=\${file%%.ko*}; printf ' %s' "$file"; done; }
builtin=$(grep -E "/($pattern)\\.ko" "$lists/modules.builtin" 2>/dev/null | names)
available=$(grep -E "^([^:]*/)?($pattern)\\.ko[^:/]*:" "$lists/modules.dep" 2>/dev/null | names)
is_in() { # $1: list, $2: name, whose - and _ are the same
  for one in $1; do
    a=$one b=$2
    while :; do case $a in *-*) a=\${a%%-*}_\${a#*-} ;; *) break ;; esac; done
    while :; do case $b in *-*) b=\${b%%-*}_\${b#*-} ;; *) break ;; esac; done
    [ "$a" != "$b" ] || return 0
  done
  return 1
}
for name in $rest; do
  if is_in "$builtin" "$name"; then state=builtin
  elif is_in "$available" "$name"; then state=available
  else state=missing; fi
  printf '%s\\t%s\\t%s\\n' "$name" "$state" "$kernel"
done`
  },
  parse([line], ask) {
    const [state, kernel = ''] = line ?? []
    if (state !== 'loaded' && state !== 'builtin' && state !== 'available' && state !== 'missing')
      throw new FactError('kernel-module', `nothing could be seen of ${ask}`)
    return { state, kernel }
  },
}

export function kernelModuleProbe(name: string): Probe<string, KernelModuleState> {
  return probe(kernelModule, name)
}
