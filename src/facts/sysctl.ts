import { type Fact, type Probe, probe } from '../core/fact.ts'
import { quote } from '../core/quote.ts'

/** Running value of a kernel parameter, its blanks normalised to one space; absent when this kernel has no such key. */
export interface SysctlState {
  readonly value?: string
}

/** Running kernel parameters: read with the shell's own `read`, without starting a process. */
export const sysctl: Fact<string, SysctlState> = {
  name: 'sysctl',
  id: (ask) => ask,
  script(asks) {
    const reads = asks.map((ask) => `see ${quote(ask)} ${quote(sysctlPath(ask))}`)
    return `see() {
  [ -e "$2" ] || return 0
  value=''
  { IFS= read -r value <"$2"; } 2>/dev/null
  printf '%s\\tvalue\\t%s\\n' "$1" "$value"
}
${reads.join('\n')}
:`
  },
  parse(lines) {
    const line = lines.find(([word]) => word === 'value')
    return line ? { value: normalValue(line.slice(1).join(' ')) } : {}
  },
}

export function sysctlProbe(key: string): Probe<string, SysctlState> {
  return probe(sysctl, key)
}

/**
 * Where a key is in /proc/sys. As sysctl.d(5) has it: when the first separator is a dot, dots and slashes change places,
 * so `net.ipv4.conf.eth0/100.forwarding` is about the interface `eth0.100`.
 */
export function sysctlPath(key: string): string {
  const first = /[./]/.exec(key)?.[0]
  const path = first === '.' ? key.replaceAll(/[./]/g, (mark) => (mark === '.' ? '/' : '.')) : key
  return `/proc/sys/${path}`
}

export function normalValue(value: string): string {
  return value.trim().replaceAll(/\s+/g, ' ')
}
