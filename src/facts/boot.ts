import { type Fact, type Probe, probe } from '../core/fact.ts'

/** What runs since the last boot, and what would run after the next one. */
export interface Boot {
  /** Differs after every boot. */
  readonly id: string
  /** Release of the running kernel. */
  readonly kernel: string
  /** Releases with a kernel image and modules on disk. */
  readonly installed: readonly string[]
  /** Packages that asked for a restart (Debian and Ubuntu); empty when they left no names. Absent when nothing asked. */
  readonly requiredBy?: readonly string[]
}

/** Boot id, running and installed kernels, and Debian's marker for a restart that is due: builtins only. */
export const boot: Fact<'host', Boot> = {
  name: 'boot',
  id: (ask) => ask,
  script: () => `for name in boot_id:/proc/sys/kernel/random/boot_id kernel:/proc/sys/kernel/osrelease; do
  value=''
  { IFS= read -r value <"\${name#*:}"; } 2>/dev/null
  printf 'host\\t%s\\t%s\\n' "\${name%%:*}" "$value"
done
for image in /boot/vmlinuz-* /lib/modules/*/vmlinuz; do
  [ -e "$image" ] || continue
  case $image in
    /boot/*) release=\${image#/boot/vmlinuz-} ;;
    *) release=\${image#/lib/modules/} release=\${release%/vmlinuz} ;;
  esac
  [ ! -e "/lib/modules/$release/modules.dep" ] || printf 'host\\tinstalled\\t%s\\n' "$release"
done
for marker in /run/reboot-required /var/run/reboot-required; do
  [ -e "$marker" ] || continue
  printf 'host\\trequired\\n'
  [ ! -r "$marker.pkgs" ] || while IFS= read -r name || [ -n "$name" ]; do
    printf 'host\\tpackage\\t%s\\n' "$name"
  done <"$marker.pkgs"
  break
done
:`,
  parse(lines) {
    const of = (word: string) => lines.filter(([first]) => first === word).map(([, value]) => value ?? '')
    return {
      id: of('boot_id')[0] ?? '',
      kernel: of('kernel')[0] ?? '',
      installed: [...new Set(of('installed'))],
      ...(of('required').length === 0 ? {} : { requiredBy: [...new Set(of('package'))] }),
    }
  },
}

export const bootProbe: Probe<'host', Boot> = probe(boot, 'host')

/** The newest installed kernel of the running one's flavour (`-amd64`, `-generic`, `.el9.x86_64`), when it is newer. */
export function newerKernel({ kernel, installed }: Pick<Boot, 'kernel' | 'installed'>): string | undefined {
  const flavour = flavourOf(kernel)
  const newest = installed.filter((release) => flavourOf(release) === flavour).reduce(later, kernel)
  return newest === kernel ? undefined : newest
}

/** What is left of a release without its numbers: `6.1.0-31-amd64` is of flavour `--amd`. */
function flavourOf(release: string): string {
  return release.replaceAll(/\d+(?:\.\d+)*/g, '')
}

function later(a: string, b: string): string {
  return compareReleases(a, b) >= 0 ? a : b
}

function compareReleases(a: string, b: string): number {
  const [left, right] = [a, b].map((release) => (release.match(/\d+/g) ?? []).map(Number))
  for (let i = 0; i < Math.max(left?.length ?? 0, right?.length ?? 0); i++) {
    const difference = (left?.[i] ?? 0) - (right?.[i] ?? 0)
    if (difference !== 0) return difference
  }
  return 0
}
