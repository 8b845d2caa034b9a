import type { Fact } from '../core/fact.ts'

/** `unknown`: this kernel keeps no list of its options anywhere we know. */
export type KernelOption = 'y' | 'm' | 'n' | 'unknown'

/**
 * Options the running kernel was built with, without `CONFIG_`, from /proc/config.gz or the file beside the kernel.
 */
export const kernelConfig: Fact<string, KernelOption> = {
  name: 'kernel-config',
  id: (option) => option,
  script: (options) => `read -r release </proc/sys/kernel/osrelease
for config in /proc/config.gz "/boot/config-$release" "/usr/lib/modules/$release/config" "/lib/modules/$release/config"; do
if [ -r "$config" ]; then break; fi
config=
done
case $config in
'') found=; state=unknown ;;
*.gz) found=$(gzip -dc <"$config" 2>/dev/null | grep -E ${pattern(options)}); state=n ;;
*) found=$(grep -E ${pattern(options)} "$config"); state=n ;;
esac
found="
$found
"
for option in ${options.join(' ')}; do
case $found in
*"
CONFIG_$option=y
"*) printf '%s\\ty\\n' "$option" ;;
*"
CONFIG_$option=m
"*) printf '%s\\tm\\n' "$option" ;;
*) printf '%s\\t%s\\n' "$option" "$state" ;;
esac
done`,
  parse(lines) {
    const state = lines[0]?.[0]
    return state === 'y' || state === 'm' || state === 'n' ? state : 'unknown'
  },
}

function pattern(options: readonly string[]): string {
  return `'^CONFIG_(${options.join('|')})=[ym]$'`
}
