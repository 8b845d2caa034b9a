import { type Fact, type Probe, probe } from '../core/fact.ts'

/** Everything that makes a host swap, now or after its next boot. */
export interface Swap {
  /** Devices and files swapped to now. */
  readonly active: readonly string[]
  /** Lines of /etc/fstab. */
  readonly fstab: readonly string[]
  /** Swap units that systemd would start at boot and that do not come from /etc/fstab. */
  readonly units: readonly string[]
  /** Configuration file in force for zram-generator(8), when it is not empty. */
  readonly zram?: string
  /** Enabled services that set up swap by themselves. */
  readonly services: readonly string[]
}

/** Services of Debian, Ubuntu and Raspberry Pi OS that make swap without a swap unit of their own. */
const SERVICES = ['zramswap.service', 'zram-config.service', 'dphys-swapfile.service'] as const

/** Fields of /etc/fstab: a device, a mount point, then the type. */
export const FSTAB_SWAP = '^[[:space:]]*[^#[:space:]]+[[:space:]]+[^[:space:]]+[[:space:]]+swap([[:space:]]|$)'

/** swapon, fstab, systemd's swap units, zram-generator and the services that make swap. */
export const swap: Fact<'host', Swap> = {
  name: 'swap',
  id: (ask) => ask,
  script: () => `if [ -r /proc/swaps ]; then
  while read -r name a; do [ "$name" = Filename ] || printf 'host\\tactive\\t%s\\n' "$name"; done </proc/swaps
fi
grep -s -E '${FSTAB_SWAP}' /etc/fstab | while IFS= read -r line; do printf 'host\\tfstab\\t%s\\n' "$line"; done
for file in /etc /run /usr/local/lib /usr/lib; do
  file=$file/systemd/zram-generator.conf
  [ -e "$file" ] || [ -h "$file" ] || continue
  [ ! -s "$file" ] || printf 'host\\tzram\\t%s\\n' "$file"
  break
done
for name in ${SERVICES.join(' ')}; do
  for wants in /etc/systemd/system/*.wants/"$name"; do
    [ ! -h "$wants" ] || printf 'host\\tservice\\t%s\\n' "$name"
  done
done
[ -d /run/systemd/system ] || exit 0
LC_ALL=C systemctl show -p Id,LoadState,FragmentPath,SourcePath '*.swap' 2>/dev/null | {
  id='' load='' fragment='' source=''
  tell() {
    [ "$load" != loaded ] || [ -z "$fragment" ] || [ "$source" = /etc/fstab ] || printf 'host\\tunit\\t%s\\n' "$id"
    id='' load='' fragment='' source=''
  }
  while IFS= read -r line; do
    case $line in
      Id=*) id=\${line#*=} ;;
      LoadState=*) load=\${line#*=} ;;
      FragmentPath=*) fragment=\${line#*=} ;;
      SourcePath=*) source=\${line#*=} ;;
      '') tell ;;
    esac
  done
  tell
}
:`,
  parse(lines) {
    const of = (word: string) => lines.filter(([first]) => first === word).map((line) => line.slice(1).join('\t'))
    const [zram] = of('zram')
    return {
      active: of('active'),
      fstab: of('fstab'),
      units: [...new Set(of('unit'))],
      services: [...new Set(of('service'))],
      ...(zram === undefined ? {} : { zram }),
    }
  },
}

export const swapProbe: Probe<'host', Swap> = probe(swap, 'host')
