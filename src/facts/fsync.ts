import type { Fact, Line } from '../core/fact.ts'
import { quote } from '../core/quote.ts'
import { MOUNT_OF, RESOLVE_PATH } from './mount.ts'

export interface FsyncAsk {
  /** The folder whose file system is measured; it need not exist yet. */
  readonly folder: string
  /** Measure even when an earlier measurement of the same file system is on record. */
  readonly again: boolean
}

export interface Fsync {
  /** Folder that was asked for. */
  readonly asked: string
  /** The nearest one above it that exists: where the measurement was made. */
  readonly folder: string
  /** Mount point, type and source of the file system, e.g. `/ ext4 /dev/vda`. */
  readonly fileSystem: string
  /** Milliseconds until a write was durable: of half of them, of 99 %, and of the slowest. */
  readonly p50Ms: number
  readonly p99Ms: number
  readonly maxMs: number
  readonly samples: number
  /** Seconds since 1970, host's clock. */
  readonly measuredAt: number
  /** It was not measured in this look but is on record. */
  readonly recorded: boolean
}

/** Why there is no measurement. */
export interface FsyncUnknown {
  readonly unknown: string
}

/** Where the first `up` keeps what it measured. Not a secret, not a digest: a person may read it. */
export const FSYNC_RECORD = '/var/lib/provision/verified'

/** Samples of one measurement. The p99 is the third slowest of these. */
const SAMPLES = 250
/** Enough where starting a program is slow: when these took `PATIENCE_SECONDS`, it stays at them. */
const ENOUGH_SAMPLES = 120
const PATIENCE_SECONDS = 2
/** A disk too slow even for those in this time has answered the question too. */
const LIMIT_SECONDS = 15
const FEW_SAMPLES = 50
/** The first ones pay for allocating the file's first blocks. */
const WARM_UP = 10

/**
 * How long a small durable write takes in a folder, as etcd's log does it: 2300 bytes, then fdatasync. `dd` measures
 * and prints that time itself, so nothing needs to be installed and the cost of starting it does not count. It runs with
 * priority (its subshell alone, and it mostly waits): a new process would otherwise queue for a busy processor, and the
 * figure would be several times that of fio.
 *
 * The one fact that must write. The file has a name for an instant only (it is removed as soon as it is open, so that not
 * even SIGKILL leaves it behind), and the folder gets its times back.
 */
export const fsync: Fact<FsyncAsk, Fsync | FsyncUnknown> = {
  name: 'fsync',
  id: ({ folder, again }) => `${again ? 'again' : 'once'}:${folder}`,
  script: (asks) => `${RESOLVE_PATH}
${MOUNT_OF}
${RECORDED}
${MEASURE}
${ANSWER}
${asks.map((ask) => `answer ${quote(fsync.id(ask))} ${quote(ask.folder)} ${ask.again ? 'again' : 'once'}`).join('\n')}`,
  parse(lines, { folder: asked }) {
    const recorded = readRecorded(lines, asked)
    if (recorded) return recorded
    const failure = lines.find(([word]) => word === 'failed')
    if (failure) return { unknown: failure[1] ?? 'no reason given' }
    const place = lines.find(([word]) => word === 'place')
    if (!place) return { unknown: 'the host did not measure' }
    const [, folder = '', fileSystem = ''] = place
    const measured = lines.flatMap(([word, text = '']) => (word === 'sample' ? [Number(text) * 1000] : []))
    const doubt = whyNotUsable(measured)
    if (doubt !== undefined) return { unknown: doubt }
    const at = Number(lines.find(([word]) => word === 'at')?.[1])
    const counted = measured.slice(Math.min(WARM_UP, measured.length >> 1))
    return { asked, folder, fileSystem, recorded: false, measuredAt: at, ...summary(counted) }
  },
  volatile: ['sample', 'at'],
}

/** Few samples tell something only when it was the writes that took the time. */
function whyNotUsable(measured: readonly number[]): string | undefined {
  const totalMs = measured.reduce((sum, ms) => sum + ms, 0)
  if (measured.length > 0 && totalMs === 0) return 'dd on this host does not print how long a write took'
  if (measured.length >= FEW_SAMPLES || totalMs > (LIMIT_SECONDS * 1000) / 2) return undefined
  return `only ${measured.length} writes could be tried in ${LIMIT_SECONDS} s, and not because of the disk: the machine is too busy to tell`
}

/** The line kept on the host: folder, file system, then the figures. */
export function fsyncRecordLine(measured: Fsync): string {
  const { asked, fileSystem, p50Ms, p99Ms, maxMs, samples, measuredAt } = measured
  return ['fsync', asked, fileSystem, p50Ms.toFixed(3), p99Ms.toFixed(3), maxMs.toFixed(3), samples, measuredAt].join(
    '\t',
  )
}

/** Lines `place` and `recorded`, as `RECORDED` prints them. Undefined when nothing usable is on record. */
export function readRecorded(lines: readonly Line[], asked: string): Fsync | undefined {
  const place = lines.find(([word]) => word === 'place')
  const record = lines.find(([word]) => word === 'recorded')
  if (!place || !record) return undefined
  const [, folder = '', fileSystem = ''] = place
  const [p50Ms = 0, p99Ms = 0, maxMs = 0, samples = 0, measuredAt = 0] = record.slice(1).map(Number)
  if (!(p99Ms > 0 && samples > 0 && measuredAt > 0)) return undefined
  return { asked, folder, fileSystem, p50Ms, p99Ms, maxMs, samples, measuredAt, recorded: true }
}

function summary(measured: readonly number[]): Pick<Fsync, 'p50Ms' | 'p99Ms' | 'maxMs' | 'samples'> {
  const sorted = measured.toSorted((a, b) => a - b)
  return {
    p50Ms: percentile(sorted, 0.5),
    p99Ms: percentile(sorted, 0.99),
    maxMs: sorted.at(-1) ?? 0,
    samples: sorted.length,
  }
}

/** Nearest rank: the smallest value that a share of `p` does not exceed. */
function percentile(sorted: readonly number[], p: number): number {
  return sorted[Math.max(0, Math.ceil(sorted.length * p) - 1)] ?? 0
}

/**
 * `place ID FOLDER` prints where a folder lies and sets `place`; `recorded ID FOLDER PLACE` prints the figures on record for
 * exactly that place, or fails.
 */
export const RECORDED = `tab=$(printf '\\t')
recorded() {
[ -r ${FSYNC_RECORD} ] || return 1
while IFS= read -r line; do
case $line in "fsync$tab$2$tab$3$tab"*)
printf '%s\\trecorded\\t%s\\n' "$1" "\${line#"fsync$tab$2$tab$3$tab"}"
return 0 ;;
esac
done <${FSYNC_RECORD}
return 1
}
place() {
resolve "$2"
mount_of "$resolved"
place="$mount_point $mount_type $mount_source"
printf '%s\\tplace\\t%s\\t%s\\n' "$1" "$resolved" "$place"
}`

const ANSWER = `answer() {
place "$1" "$2"
if [ "$3" != once ] || ! recorded "$1" "$2" "$place"; then measure "$1" "$resolved"; fi
}`

/**
 * `measure ID FOLDER`. A file that is there already is somebody else's: `set -C` opens a new one or nothing. The folder's
 * time is put back before the first write. A full disk makes dd print figures too, of 0 bytes.
 */
const MEASURE = `measure() {
was=$(stat -c %y -- "$2" 2>/dev/null)
umask 077
file=$2/.provision-fsync.$$ made=
trap '[ -z "$made" ] || rm -f -- "$file"' EXIT
trap 'exit 143' HUP INT TERM
if ! ( set -C; : >"$file" ) 2>/dev/null; then printf '%s\\tfailed\\tno file can be made in %s\\n' "$1" "$2"; return 0; fi
made=1
exec 9<>"$file"
rm -f -- "$file"
if [ -n "$was" ]; then touch -m -d "$was" -- "$2" 2>/dev/null || touch -m -d "\${was%%.*}" -- "$2" 2>/dev/null; fi
read -r pid rest </proc/self/stat
chrt -f -p 1 "$pid" 2>/dev/null || renice -n -20 -p "$pid" >/dev/null 2>&1
read -r up rest </proc/uptime
start=\${up%.*} i=0
while [ "$i" -lt ${SAMPLES + WARM_UP} ]; do
took=$(LC_ALL=C dd if=/dev/zero of=/proc/self/fd/9 bs=2300 count=1 seek="$i" conv=notrunc,fdatasync 2>&1)
case $took in
*'2300 bytes '*' copied, '*) ;;
*) printf '%s\\tfailed\\tdd says: %s\\n' "$1" "\${took%%
*}"; return 0 ;;
esac
took=\${took##*' copied, '}
printf '%s\\tsample\\t%s\\n' "$1" "\${took%% *}"
i=$((i + 1))
read -r up rest </proc/uptime
took=$(( \${up%.*} - start ))
if [ "$took" -ge ${LIMIT_SECONDS} ]; then break; fi
if [ "$took" -ge ${PATIENCE_SECONDS} ] && [ "$i" -ge ${ENOUGH_SAMPLES + WARM_UP} ]; then break; fi
done
printf '%s\\tat\\t%s\\n' "$1" "$(date +%s)"
exec 9>&-
}`
