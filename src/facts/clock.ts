import type { Fact } from '../core/fact.ts'
import { namedValues, SHOW_FIRST_LINE } from './first-line.ts'

export interface Clock {
  /** Milliseconds since 1970 by the host's clock when this was read; undefined when `date` gives none. */
  readonly epochMs: number | undefined
  /** Seconds since boot at that moment. */
  readonly uptimeSeconds: number | undefined
  /** Milliseconds since 1970 by the operator's clock when the question was written. */
  readonly askedMs: number | undefined
  readonly daemon: 'chronyd' | 'systemd-timesyncd' | 'ntpd' | 'openntpd' | undefined
  /** Undefined when the daemon does not say without being configured for it. */
  readonly synchronised: boolean | undefined
}

export interface ClockAsk {
  /** The operator's clock, read when the script is written: the host hands it back with its own reading. */
  readonly operatorNowMs: () => number
}

/**
 * The host's clock and who keeps it right. timedatectl would start a service, so the daemons' own traces are read:
 * timesyncd keeps a file once it is synchronised, chronyd answers over its socket.
 */
export const clock: Fact<ClockAsk, Clock> = {
  name: 'clock',
  id: () => 'host',
  script: ([ask]) => `${SHOW_FIRST_LINE}
printf 'host\\tasked\\t%s\\n' ${ask?.operatorNowMs() ?? 0}
show host uptime /proc/uptime
printf 'host\\tepoch\\t%s\\n' "$(date +%s.%N)"
for daemon in chrony/chronyd chronyd ntpd openntpd systemd/timesync/synchronized; do
case $daemon in
*/synchronized) if [ -e "/run/$daemon" ]; then printf 'host\\tdaemon\\tsystemd-timesyncd\\tyes\\n'; fi ;;
*) if [ -e "/run/$daemon.pid" ]; then
case $daemon in
*chronyd) printf 'host\\tdaemon\\tchronyd\\t%s\\n' "$(chronyc -c -n tracking 2>/dev/null)" ;;
*) printf 'host\\tdaemon\\t%s\\n' "$daemon" ;;
esac
fi ;;
esac
done
for unit in /sys/fs/cgroup/system.slice/systemd-timesyncd.service /sys/fs/cgroup/systemd/system.slice/systemd-timesyncd.service; do
if [ -d "$unit" ]; then printf 'host\\ttimesyncd\\tyes\\n'; fi
done`,
  parse(lines) {
    const seen = namedValues(lines)
    const [daemon, state = ''] = (seen.get('daemon') ?? '').split('\t')
    const known = { chronyd: 1, ntpd: 1, openntpd: 1, 'systemd-timesyncd': 1 }
    const base = {
      epochMs: milliseconds(seen.get('epoch')),
      uptimeSeconds: seconds(seen.get('uptime')),
      askedMs: Number(seen.get('asked')) || undefined,
    }
    if (daemon !== undefined && daemon in known)
      return { ...base, daemon: daemon as keyof typeof known, synchronised: isSynchronised(daemon, state) }
    if (seen.has('timesyncd')) return { ...base, daemon: 'systemd-timesyncd', synchronised: false }
    return { ...base, daemon: undefined, synchronised: undefined }
  },
  volatile: ['asked', 'uptime', 'epoch', 'daemon'],
}

/** chronyc -c prints one line of fields; the last one is the leap status (chronyc(1), tracking). */
function isSynchronised(daemon: string, state: string): boolean | undefined {
  if (daemon === 'systemd-timesyncd') return true
  if (daemon !== 'chronyd' || state === '') return undefined
  return !state.endsWith('Not synchronised')
}

/** `1763876400.123456789`; busybox leaves out what is after the point or prints it as text. */
function milliseconds(text: string | undefined): number | undefined {
  const [, whole, part = ''] = /^(\d+)(?:\.(\d*))?/.exec(text ?? '') ?? []
  return whole === undefined ? undefined : Number(whole) * 1000 + Number(part.slice(0, 3).padEnd(3, '0'))
}

function seconds(text: string | undefined): number | undefined {
  const value = Number.parseFloat(text ?? '')
  return Number.isNaN(value) ? undefined : value
}
