import { argv } from '../core/quote.ts'
import { lockWait } from './lock-wait.ts'
import type { NamedPackage } from './named-package.ts'

/** rpm's transaction lock, in its old and its new place. dnf's own locks are waited for by dnf, which names their holder. */
const LOCKS = ['/var/lib/rpm/.rpm.lock', '/usr/lib/sysimage/rpm/.rpm.lock'] as const

const DNF = 'dnf -y --setopt=install_weak_deps=False --color=never'

/**
 * dnf reads its lists anew by itself when they are too old; once more by force when a package is not in them. Asked for an
 * older version than the one there, `install` may do nothing and be content: `downgrade` is for that.
 */
export function dnfInstall(names: readonly NamedPackage[], lockSeconds: number): string {
  const words = names.map(({ name, version }) => (version === undefined ? name : `${name}-${version}`))
  const pinned = argv(words.filter((_, i) => names[i]?.version !== undefined))
  const install = `${DNF} install -- ${argv(words)} || ${DNF} --refresh install -- ${argv(words)} || exit 1`
  const steps = [lockWait(LOCKS, lockSeconds), install]
  if (pinned !== '')
    steps.push(`for package in ${pinned}; do
  dnf -q list --installed -- "$package" >/dev/null 2>&1 || ${DNF} downgrade -- "$package" || exit 1
done`)
  return steps.join('\n')
}

export function dnfRemove(names: readonly NamedPackage[], lockSeconds: number): string {
  const words = argv(names.map(({ name }) => name))
  return `${lockWait(LOCKS, lockSeconds)}
if ! out=$(rpm -e --test -- ${words} 2>&1); then
  printf '%s\\n' "$out" 'Remove those first, or list them in the playbook.'
  exit 1
fi
${DNF} --setopt=clean_requirements_on_remove=False remove -- ${words}`
}

/** With the versionlock plugin, a package of its own on most distributions. */
export function dnfHold(names: readonly string[], held: boolean): string {
  return `if ! dnf -q versionlock list >/dev/null 2>&1; then
  printf '%s\\n' 'dnf cannot hold packages: install its versionlock plugin first (python3-dnf-plugin-versionlock)'
  exit 1
fi
${DNF} versionlock ${held ? 'add' : 'delete'} ${argv(names)}`
}
