import { quote, sh } from '../core/quote.ts'
import { STAMP_DIR } from '../facts/unit.ts'

export interface UnitStep {
  readonly unit: string
  /** How long to wait for the unit. */
  readonly seconds: number
  /** What the stamp is to say afterwards: label to digest. */
  readonly stamp: Readonly<Record<string, string>> | undefined
}

/** How long a service must stay up before it counts, in hundredths of a second, by what its `Type` promises of readiness. */
const STEADY = { promised: 100, unpromised: 200 } as const
/** Restarts by systemd itself after which a unit that has not come up is given up. */
const MANY_RESTARTS = 3
const JOURNAL_LINES = 14

export function systemctlBody(verb: 'enable' | 'disable' | 'mask' | 'unmask', unit: string): string {
  return sh`systemctl ${verb} -- ${unit}`
}

export function startBody(step: UnitStep): string {
  return [prelude(step), 'reload', 'go start', 'await_active', 'await_steady', stampBody(step)].join('\n')
}

export function restartBody(step: UnitStep): string {
  return [prelude(step), 'reload', 'go restart', 'await_active', 'await_steady', stampBody(step)].join('\n')
}

/** For units whose running is nobody's promise: no waiting, no verdict. */
export function tryRestartBody(step: UnitStep): string {
  return [
    reloadBody(step),
    'reload',
    sh`systemctl --no-block try-restart -- ${step.unit} || exit 1`,
    stampBody(step),
  ].join('\n')
}

export function stopBody(step: UnitStep): string {
  return [
    prelude(step),
    'systemctl --no-block stop -- "$u" || exit 1',
    'while :; do',
    '  look',
    '  case $job,$active in ,inactive | ,failed) break ;; esac',
    '  past && fail "has not stopped within $limit s ($active, $sub)"',
    '  pause',
    'done',
  ].join('\n')
}

/** Written last: without it the next plan says that the unit was not started with these. */
function stampBody({ unit, stamp }: UnitStep): string {
  if (stamp === undefined) return ''
  const text = Object.entries(stamp)
    .toSorted(([a], [b]) => (a < b ? -1 : 1))
    .map(([label, digest]) => `${label}\t${digest}\n`)
    .join('')
  const file = `${STAMP_DIR}/${unit}`
  return `mkdir -p ${quote(STAMP_DIR)} &&
printf '%s' ${quote(text)} >${quote(`${STAMP_DIR}/.${unit}.new`)} &&
mv -f ${quote(`${STAMP_DIR}/.${unit}.new`)} ${quote(file)}`
}

/** `reload` has systemd read its unit files again if the one of this unit has changed since. */
function reloadBody({ unit }: UnitStep): string {
  return `reload() {
  case $(systemctl show -p NeedDaemonReload -- ${quote(unit)}) in
    *=yes) systemctl daemon-reload || exit 1 ;;
  esac
}`
}

/**
 * Shell words of a step: `look` asks systemd, `past` is true after the deadline, `fail` says why and shows the journal.
 * Time is read from /proc/uptime: no fork, and nobody sets that clock.
 */
function prelude(step: UnitStep): string {
  const { unit, seconds } = step
  return `set -f
${reloadBody(step)}
u=${quote(unit)} limit=${seconds} nl='
'
clock() { read -r now rest </proc/uptime; now=\${now%.*}\${now#*.}; }
pause() { sleep 0.2 2>/dev/null || sleep 1; }
past() { clock; [ "$now" -ge "$end" ]; }
look() {
  active='' sub='' result='' restarts=0 job='' type='' entered=''
  shown=$(systemctl show -p ActiveState,SubState,Result,NRestarts,Job,Type,ActiveEnterTimestampMonotonic -- "$u") || exit 1
  IFS=$nl
  for line in $shown; do
    case $line in
      ActiveState=*) active=\${line#*=} ;;
      SubState=*) sub=\${line#*=} ;;
      Result=*) result=\${line#*=} ;;
      NRestarts=*) restarts=\${line#*=} ;;
      Job=*) job=\${line#*=} ;;
      Type=*) type=\${line#*=} ;;
      ActiveEnterTimestampMonotonic=*) entered=\${line#*=} ;;
    esac
  done
  unset IFS
  [ "$job" != 0 ] || job=''
}
fail() {
  printf '%s %s\\n' "$u" "$1"
  journalctl --sync >/dev/null 2>&1
  printf 'The last lines of its journal:\\n'
  journalctl --no-pager -q -o cat -n ${JOURNAL_LINES} -u "$u" 2>&1
  exit 1
}
go() {
  systemctl reset-failed -- "$u" 2>/dev/null
  systemctl --no-block "$1" -- "$u" || exit 1
}
await_active() {
  while :; do
    look
    case $job,$active in
      ,active) return ;;
      ,failed) fail "failed ($result)" ;;
      # systemd forgets such a unit at once, and with it which of the two it was; the journal knows.
      ,inactive) fail "ended at once ($result), or was skipped because a condition of its unit file is not met" ;;
    esac
    [ "$restarts" -lt ${MANY_RESTARTS} ] || fail "does not come up: systemd restarted it $restarts times ($result)"
    past && fail "is not active after $limit s ($active, $sub)"
    pause
  done
}
await_steady() {
  case $type in
    '' | oneshot) return ;;
    simple | exec | idle) steady=${STEADY.unpromised} ;;
    *) steady=${STEADY.promised} ;;
  esac
  was=$entered
  clock
  until_then=$((now + steady))
  while [ "$now" -lt $until_then ]; do
    pause
    look
    [ "$active,$entered" = "active,$was" ] || fail "came up and went down again ($active, $sub, $result)"
    clock
  done
}
clock
end=$((now + limit * 100))`
}
