import { type Fact, type Probe, probe } from '../core/fact.ts'
import { argv } from '../core/quote.ts'

/** Running value of a kernel parameter, its blanks normalised to one space; absent when this kernel has no such key. */
export interface SysctlState {
  readonly value?: string
}

/**
 * Running kernel parameters: one `grep` prints them all. Not the shell's own `read`: dash and ash read a byte at a time, and
 * the kernel ends the file after the first byte of a number.
 */
export const sysctl: Fact<string, SysctlState> = {
  name: 'sysctl',
  id: sysctlPath,
  script: (asks) => `LC_ALL=C grep -a -H -s '' -- ${argv(asks.map(sysctlPath))} | while IFS= read -r line; do
  printf '%s\\tvalue\\t%s\\n' "\${line%%:*}" "\${line#*:}"
done
:`,
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
