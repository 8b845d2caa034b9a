import type { Fact, Line } from '../core/fact.ts'
import { FactError } from '../core/fact-error.ts'
import { argv, quote } from '../core/quote.ts'

/** Where the digests of the inputs a unit was last (re)started with are kept, one file a unit. */
export const STAMP_DIR = '/var/lib/provision/stamps'

export interface UnitAsk {
  /** With its suffix: `containerd.service`. */
  readonly name: string
}

export interface UnitState {
  /** `loaded`, `not-found`, `masked`, `bad-setting`, `error`. */
  readonly load: string
  /** `active`, `inactive`, `failed`, `activating`, `deactivating`; `reloading` counts as `active`. */
  readonly active: string
  /** Finer word of the unit's type: `running`, `auto-restart`, `exited`. */
  readonly sub: string
  /** What `systemctl is-enabled` says; `absent` when there is no unit file. */
  readonly enabled: string
  /** The unit file changed on disk after systemd read it. */
  readonly needsReload: boolean
  /** Label to digest, as of the last restart by us; empty when there was none. */
  readonly stamp: ReadonlyMap<string, string>
}

const PROPERTIES = 'Id,Names,LoadState,ActiveState,SubState,NeedDaemonReload'

/**
 * systemd units, all in one `systemctl show` and one `systemctl is-enabled` (which reads the disk; the manager's own
 * `UnitFileState` is as old as its last reload). What systemd holds in memory changes by itself and by reloads for other
 * units, so `show` is volatile; what is on disk is not.
 */
export const unitFact: Fact<UnitAsk, UnitState> = {
  name: 'unit',
  volatile: ['show'],
  id: ({ name }) => name,
  script: (asks) => {
    const names = asks.map(({ name }) => name)
    return `set -f
set -- ${argv(names)}
shown=$(systemctl show -p ${PROPERTIES} -- "$@") || exit 1
printf '%s\\n\\n' "$shown" | ${readBlocks} || exit 1
states=$(systemctl is-enabled -- "$@" 2>/dev/null)
count=0
for state in $states; do count=$((count + 1)); done
if [ $count = $# ]; then
  for unit in "$@"; do
    printf '%s\\tenabled\\t%s\\n' "$unit" "\${states%%
*}"
    states=\${states#*
}
  done
else
  for unit in "$@"; do
    state=$(systemctl is-enabled -- "$unit" 2>/dev/null)
    printf '%s\\tenabled\\t%s\\n' "$unit" "\${state:-absent}"
  done
fi
for unit in "$@"; do
  [ -f ${quote(STAMP_DIR)}/"$unit" ] || continue
  while IFS= read -r line; do printf '%s\\tstamp\\t%s\\n' "$unit" "$line"; done <${quote(STAMP_DIR)}/"$unit"
done`
  },
  parse: (lines, { name }) => {
    const show = lines.find(([field]) => field === 'show')
    const enabled = lines.find(([field]) => field === 'enabled')?.[1]
    if (!show || enabled === undefined) throw new FactError('unit', `systemd said nothing of ${name}`)
    const [, load = '', active = '', sub = '', reload = ''] = show
    return {
      load,
      active: active === 'reloading' || active === 'refreshing' ? 'active' : active,
      sub,
      enabled: enabled === 'not-found' ? 'absent' : enabled,
      needsReload: reload === 'yes',
      stamp: new Map(lines.flatMap(stampOf)),
    }
  },
}

/** systemctl prints one block for each name, in order, with an empty line between; each is checked to be the one asked for. */
const readBlocks = `{
  names='' load='' active='' sub='' reload=''
  while IFS='=' read -r key value; do
    case $key in
      Names) names=$value ;;
      LoadState) load=$value ;;
      ActiveState) active=$value ;;
      SubState) sub=$value ;;
      NeedDaemonReload) reload=$value ;;
      '')
        [ -n "$load" ] || continue
        case " $names " in *" $1 "*) ;; *) exit 1 ;; esac
        printf '%s\\tshow\\t%s\\t%s\\t%s\\t%s\\n' "$1" "$load" "$active" "$sub" "$reload"
        shift
        names='' load='' active='' sub='' reload=''
        ;;
    esac
  done
  [ $# = 0 ]
}`

function stampOf([field, label, digest]: Line): readonly (readonly [string, string])[] {
  return field === 'stamp' && label !== undefined && digest !== undefined ? [[label, digest]] : []
}
