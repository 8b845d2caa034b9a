import { argv, quote } from '../core/quote.ts'
import { STAMP_DIR } from '../facts/unit.ts'
import { lockWait } from './lock-wait.ts'
import type { NamedPackage } from './named-package.ts'

/** dpkg's own, and the two apt takes for lists and downloads: each is a lock of its own. */
const LOCKS = [
  '/var/lib/dpkg/lock-frontend',
  '/var/lib/dpkg/lock',
  '/var/lib/apt/lists/lock',
  '/var/cache/apt/archives/lock',
] as const

/** For whoever takes the lock between our look and apt's. */
const APT_LOCK_SECONDS = 60
const UPDATE_STAMP = `${STAMP_DIR}/apt-update`

/** Nobody answers questions, services are not restarted behind our back, changed configuration files stay. */
const QUIET = `export DEBIAN_FRONTEND=noninteractive NEEDRESTART_SUSPEND=1 APT_LISTCHANGES_FRONTEND=none UCF_FORCE_CONFFOLD=1
apt() {
  apt-get -y -q -o Dpkg::Use-Pty=0 -o DPkg::Lock::Timeout=${APT_LOCK_SECONDS} \\
    -o Dpkg::Options::=--force-confdef -o Dpkg::Options::=--force-confold "$@"
}`

export function dpkgConfigure(lockSeconds: number): string {
  return `${lockWait(LOCKS, lockSeconds)}
${QUIET}
dpkg --force-confdef --force-confold --configure -a && exit
printf '%s\\n' 'dpkg could not finish by itself; letting apt get what is missing'
apt --no-remove -f install`
}

/**
 * Reads the lists anew only when that can help: a source was changed since, or the packages cannot be had from the lists as
 * they are, or a list has become too old to download by. Removes nothing to get its way.
 */
export function aptInstall(names: readonly NamedPackage[], lockSeconds: number): string {
  const words = names.map(({ name, version }) => (version === undefined ? name : `${name}=${version}`))
  const downgrade = names.some(({ version }) => version !== undefined)
  const options = `--no-install-recommends --no-remove${downgrade ? ' --allow-downgrades --allow-change-held-packages' : ''}`
  return `${lockWait(LOCKS, lockSeconds)}
${QUIET}
stamp=${quote(UPDATE_STAMP)}
try() { apt ${options} "$@" install -- ${argv(words)}; }
stale() {
  since=$stamp
  [ -e "$since" ] || since=/var/lib/apt/lists
  for source in /etc/apt/sources.list /etc/apt/sources.list.d /etc/apt/sources.list.d/*; do
    [ ! "$source" -nt "$since" ] || return 0
  done
  ! try -s >/dev/null 2>&1
}
refresh() {
  updated=1
  apt update || exit 1
  mkdir -p ${quote(STAMP_DIR)} && : >"$stamp"
}
updated=''
! stale || refresh
try && exit
code=$?
[ -z "$updated" ] || exit $code
printf '%s\\n' 'trying once more with new package lists'
refresh
try`
}

/** Refuses to take along what depends on it: the plan did not say so. */
export function aptRemove(names: readonly NamedPackage[], lockSeconds: number): string {
  const words = names.map(({ name }) => name)
  return `${lockWait(LOCKS, lockSeconds)}
${QUIET}
more=$(apt -s remove -- ${argv(words)} | while read -r word name rest; do
  case $word,$name in
    ${words.map((word) => `Remv,${quote(word)} | Remv,${quote(word)}:*`).join(' | ')}) ;;
    Remv,*) printf '%s ' "$name" ;;
  esac
done)
if [ -n "$more" ]; then
  printf '%s\\n' "removing them would remove these too: $more" 'Remove those first, or list them in the playbook.'
  exit 1
fi
apt --allow-change-held-packages remove -- ${argv(words)}`
}

export function aptHold(names: readonly string[], held: boolean): string {
  return `apt-mark ${held ? 'hold' : 'unhold'} ${argv(names)}`
}
