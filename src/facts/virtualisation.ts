import type { Fact } from '../core/fact.ts'
import type { Cpu } from './cpu.ts'
import { namedValues, SHOW_FIRST_LINE } from './first-line.ts'

/** What a machine shows of the thing it runs on. */
export interface VirtualisationTraces {
  /** What systemd-detect-virt says; empty when it is not there. It asks the processor itself, which a shell cannot. */
  readonly detected: string
  readonly container: string
  readonly hypervisor: string
  readonly clocksources: readonly string[]
  readonly vendor: string
  readonly product: string
  /** /dev/kvm is a device here. */
  readonly kvmDevice: boolean
}

/** Traces of a hypervisor or container: DMI, /sys/hypervisor, clock sources, marks of container engines. */
export const virtualisation: Fact<undefined, VirtualisationTraces> = {
  name: 'virtualisation',
  id: () => 'host',
  script: () => `${SHOW_FIRST_LINE}
show host vendor /sys/class/dmi/id/sys_vendor
show host product /sys/class/dmi/id/product_name
show host hypervisor /sys/hypervisor/type
[ -e /sys/hypervisor/type ] || show host hypervisor /proc/device-tree/hypervisor/compatible
show host clocksources /sys/devices/system/clocksource/clocksource0/available_clocksource
[ ! -c /dev/kvm ] || printf 'host\\tkvm-device\\tyes\\n'
if [ -r /run/systemd/container ]; then show host container /run/systemd/container
elif [ -e /.dockerenv ]; then printf 'host\\tcontainer\\tdocker\\n'
elif [ -e /run/.containerenv ]; then printf 'host\\tcontainer\\tpodman\\n'
elif [ -e /proc/vz ] && [ ! -e /proc/bc ]; then printf 'host\\tcontainer\\topenvz\\n'
fi
if command -v systemd-detect-virt >/dev/null; then printf 'host\\tdetected\\t%s\\n' "$(systemd-detect-virt 2>/dev/null)"; fi`,
  parse(lines) {
    const seen = namedValues(lines)
    return {
      detected: seen.get('detected') ?? '',
      container: seen.get('container') ?? '',
      hypervisor: (seen.get('hypervisor') ?? '').replaceAll('\0', ''),
      clocksources: (seen.get('clocksources') ?? '').split(' ').filter((name) => name !== ''),
      vendor: seen.get('vendor') ?? '',
      product: seen.get('product') ?? '',
      kvmDevice: seen.get('kvm-device') === 'yes',
    }
  },
}

/** `bare metal`, `kvm`, `uml`, `qemu` (emulated), `vmware`, …, `container docker`, `unknown hypervisor`; and what told so. */
export interface Virtualisation {
  readonly kind: string
  readonly evidence: string
}

/** Names of systemd-detect-virt that are containers (systemd-detect-virt(1)). */
const CONTAINERS = new Set([
  'openvz',
  'lxc',
  'lxc-libvirt',
  'systemd-nspawn',
  'docker',
  'podman',
  'rkt',
  'wsl',
  'proot',
  'pouch',
  'container-other',
])

/** Clouds that systemd-detect-virt calls by name although KVM is what runs there. */
const KVM_CLOUDS = new Set(['amazon', 'google'])

const DMI: readonly (readonly [RegExp, string])[] = [
  [/\.metal/, 'bare metal'],
  [/VMware/i, 'vmware'],
  [/VirtualBox|innotek/i, 'oracle'],
  [/Microsoft Corporation.*Virtual Machine/i, 'microsoft'],
  [/Xen|HVM domU/i, 'xen'],
  [/Amazon EC2|Google Compute Engine|KVM|DigitalOcean|Hetzner.*vServer|OpenStack/i, 'kvm'],
  [/Parallels/i, 'parallels'],
  [/BHYVE/i, 'bhyve'],
  [/QEMU/i, 'qemu'],
]

/** Decides what a machine is. The surest witness is heard first; without any trace of a hypervisor it is bare metal. */
export function virtualisationKind(traces: VirtualisationTraces, cpu: Cpu): Virtualisation {
  return containerKind(traces) ?? detectedKind(traces, cpu) ?? tracedKind(traces, cpu)
}

function containerKind({ detected, container }: VirtualisationTraces): Virtualisation | undefined {
  if (CONTAINERS.has(detected)) return { kind: `container ${detected}`, evidence: 'systemd-detect-virt' }
  if (container !== '') return { kind: `container ${container}`, evidence: `mark of ${container}` }
  return undefined
}

function detectedKind(traces: VirtualisationTraces, cpu: Cpu): Virtualisation | undefined {
  const { detected } = traces
  const dmi = dmiText(traces)
  if (/User Mode Linux/i.test(cpu.vendor)) return { kind: 'uml', evidence: `processor ${cpu.vendor}` }
  if (KVM_CLOUDS.has(detected) && dmiKind(dmi) !== 'bare metal') return { kind: 'kvm', evidence: dmi || detected }
  if (detected === 'none') return { kind: 'bare metal', evidence: dmi || 'systemd-detect-virt' }
  return detected === '' ? undefined : { kind: detected, evidence: 'systemd-detect-virt' }
}

/** Without systemd-detect-virt: what firmware, kernel and clock let see. */
function tracedKind(traces: VirtualisationTraces, cpu: Cpu): Virtualisation {
  const { hypervisor, clocksources } = traces
  const dmi = dmiText(traces)
  const named = dmiKind(dmi)
  if (hypervisor === 'xen') return { kind: 'xen', evidence: '/sys/hypervisor/type' }
  if (hypervisor.includes('kvm')) return { kind: 'kvm', evidence: 'device tree' }
  if (clocksources.includes('kvm-clock')) return { kind: 'kvm', evidence: 'clock source kvm-clock' }
  if (clocksources.some((name) => name.startsWith('hyperv')))
    return { kind: 'microsoft', evidence: 'clock source of Hyper-V' }
  if (named !== undefined) return { kind: named, evidence: dmi }
  if (cpu.flags.has('hypervisor'))
    return { kind: 'unknown hypervisor', evidence: 'processor flag hypervisor, and no name to it' }
  return { kind: 'bare metal', evidence: dmi || 'no trace of a hypervisor' }
}

function dmiText({ vendor, product }: VirtualisationTraces): string {
  return `${vendor} ${product}`.trim()
}

function dmiKind(dmi: string): string | undefined {
  return DMI.find(([pattern]) => pattern.test(dmi))?.[1]
}
