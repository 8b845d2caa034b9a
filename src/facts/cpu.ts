import type { Fact } from '../core/fact.ts'
import { type CpuTime, PRINT_CPU_TIME, parseCpuTime } from './cpu-time.ts'
import { namedValues, SHOW_FIRST_LINE } from './first-line.ts'

export interface Cpu {
  /** As the kernel names it: `x86_64`, `aarch64`; empty when it does not say. */
  readonly arch: string
  /** Processors that are online; undefined when that cannot be read. */
  readonly count: number | undefined
  readonly vendor: string
  readonly model: string
  readonly flags: ReadonlySet<string>
  /** Counters at the moment of this look; undefined without /proc/stat. */
  readonly time: CpuTime | undefined
}

/** Processors, from /proc/cpuinfo (the first processor's block) and /sys/devices/system/cpu. */
export const cpu: Fact<undefined, Cpu> = {
  name: 'cpu',
  id: () => 'host',
  script: () => `${SHOW_FIRST_LINE}
${PRINT_CPU_TIME}
cpu_time host time
if [ -r /proc/sys/kernel/arch ]; then show host arch /proc/sys/kernel/arch; else printf 'host\\tarch\\t%s\\n' "$(uname -m)"; fi
show host online /sys/devices/system/cpu/online
[ -r /sys/devices/system/cpu/online ] || printf 'host\\tprocessors\\t%s\\n' "$(grep -c '^processor' /proc/cpuinfo)"
while IFS=: read -r key value; do
case $key in
vendor_id*|'CPU implementer'*) printf 'host\\tvendor\\t%s\\n' "\${value# }" ;;
'model name'*) printf 'host\\tmodel\\t%s\\n' "\${value# }" ;;
flags*|Features*) printf 'host\\tflags\\t%s\\n' "\${value# }" ;;
'') break ;;
esac
done </proc/cpuinfo
:`,
  parse(lines) {
    const seen = namedValues(lines)
    return {
      arch: seen.get('arch') ?? '',
      count: countOnline(seen.get('online')) ?? positive(seen.get('processors')),
      vendor: seen.get('vendor') ?? '',
      model: seen.get('model') ?? '',
      flags: new Set((seen.get('flags') ?? '').split(' ').filter((flag) => flag !== '')),
      time: parseCpuTime(seen.get('time')),
    }
  },
  volatile: ['time'],
}

/** `0-3,8` is 5 processors. */
function countOnline(list: string | undefined): number | undefined {
  if (list === undefined || !/^\d+(-\d+)?(,\d+(-\d+)?)*$/.test(list)) return undefined
  return list
    .split(',')
    .map((range) => range.split('-').map(Number))
    .reduce((sum, [first = 0, last = first]) => sum + last - first + 1, 0)
}

function positive(text: string | undefined): number | undefined {
  const count = Number(text)
  return Number.isInteger(count) && count > 0 ? count : undefined
}
