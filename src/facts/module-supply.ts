import type { Fact } from '../core/fact.ts'
import { argv } from '../core/quote.ts'

/**
 * Where a kernel module can come from. `loaded` and `builtin` need nothing more, `file` can be loaded, `absent` cannot;
 * `unknown`: the machine has no list of modules for the kernel it runs.
 */
export type ModuleSupply = 'loaded' | 'builtin' | 'file' | 'absent' | 'unknown'

/**
 * Modules the running kernel has or can load: /sys/module, then `modules.builtin` and `modules.dep` of its release; a file
 * that is only listed counts as absent. Nothing is inferred from the kernel's version, and nothing is loaded.
 */
export const moduleSupply: Fact<string, ModuleSupply> = {
  name: 'module-supply',
  id: (name) => name,
  script: (names) => `read -r release </proc/sys/kernel/osrelease
folder=/lib/modules/$release
found= state=unknown
if [ -r "$folder/modules.dep" ]; then
state=absent
found=$(grep -h -E ${pattern(names)} "$folder/modules.builtin" "$folder/modules.dep" 2>/dev/null)
fi
for name in ${argv(names)}; do
supply=$state
if [ -e "/sys/module/$name/initstate" ]; then supply=loaded
elif [ -d "/sys/module/$name" ]; then supply=builtin
else
while IFS= read -r line; do
file=\${line%%:*} base=\${line%%:*}
base=\${base##*/} base=\${base%%.ko*}
case $base in *-*) base=\${base%%-*}_\${base#*-} ;; esac
case $base in *-*) base=\${base%%-*}_\${base#*-} ;; esac
[ "$base" = "$name" ] || continue
case $line in
*:*) if [ -e "$folder/$file" ] || [ -e "$file" ]; then supply=file; fi ;;
*) supply=builtin ;;
esac
done <<FOUND
$found
FOUND
fi
printf '%s\\t%s\\n' "$name" "$supply"
done`,
  parse(lines) {
    const supply = lines[0]?.[0]
    return supply === 'loaded' || supply === 'builtin' || supply === 'file' || supply === 'absent' ? supply : 'unknown'
  },
}

/** Lines of modules.dep and modules.builtin that begin with one of these modules. Files write `-` or `_` for either. */
function pattern(names: readonly string[]): string {
  return `'^([^:]*/)?(${names.map((name) => name.replaceAll(/[-_]/g, '[-_]')).join('|')})[.]ko[.a-z0-9]*(:|$)'`
}
