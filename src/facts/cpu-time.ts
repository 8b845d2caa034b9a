import type { Fact } from '../core/fact.ts'

/** What the processors did since boot, in ticks of 10 ms added up over all of them. */
export interface CpuTime {
  /** Seconds since boot when the counters were read. */
  readonly uptimeSeconds: number
  readonly totalTicks: number
  /** Ticks during which a guest was ready to run and its hypervisor ran something else. */
  readonly stealTicks: number
}

/** Shell function `cpu_time ID NAME`: prints uptime and the first line of /proc/stat. Builtins only. */
export const PRINT_CPU_TIME = `cpu_time() {
if [ -r /proc/stat ] && [ -r /proc/uptime ]; then
read -r up rest </proc/uptime
read -r rest </proc/stat
printf '%s\\t%s\\t%s %s\\n' "$1" "$2" "$up" "$rest"
fi
}`

/** Reads `UPTIME cpu USER NICE SYSTEM IDLE IOWAIT IRQ SOFTIRQ STEAL …` (proc_stat(5)). */
export function parseCpuTime(text: string | undefined): CpuTime | undefined {
  const [uptime, word, ...ticks] = (text ?? '').split(/\s+/)
  // Guest time (fields 9 and 10) is counted in user time already.
  const counted = ticks.slice(0, 8).map(Number)
  if (word !== 'cpu' || counted.length < 8 || counted.some(Number.isNaN)) return undefined
  return {
    uptimeSeconds: Number(uptime),
    totalTicks: counted.reduce((sum, n) => sum + n, 0),
    stealTicks: counted[7] ?? 0,
  }
}

export interface CpuTimeAsk {
  /** Age the look shall have before the counters are read: what is missing is waited for. 0 waits for nothing. */
  readonly afterSeconds: number
}

/**
 * The counters once more, to be asked last in a look: the time since `cpu` read them is the sample. The shell's own start
 * time (field 22 of its stat, in ticks) tells how old the look is.
 */
export const cpuTime: Fact<CpuTimeAsk, CpuTime | undefined> = {
  name: 'cpu-time',
  id: ({ afterSeconds }) => String(afterSeconds),
  script: (asks) => `${PRINT_CPU_TIME}
${asks.map(({ afterSeconds }) => `${waitUntilOld(afterSeconds)}\ncpu_time ${afterSeconds} time`).join('\n')}`,
  parse: (lines) => parseCpuTime(lines[0]?.slice(1).join('\t')),
  volatile: ['time'],
}

function waitUntilOld(seconds: number): string {
  if (seconds === 0) return ':'
  return `read -r up rest </proc/uptime
read -r stat </proc/$$/stat
set -f -- \${stat##*) }
# The leading 1 keeps hundredths like 08 from being read as octal.
age=$(( \${up%.*} * 100 + 1\${up#*.} - 100 - \${20:-0} ))
left=$(( (${seconds}00 - age + 99) / 100 ))
[ "$left" -le ${seconds} ] || left=${seconds}
[ "$left" -le 0 ] || sleep "$left"`
}
