import type { Change } from '../core/change.ts'
import { InputError } from '../core/errors.ts'
import { quote } from '../core/quote.ts'
import { type Key, type Resource, type ResourceOptions, type ResourceType, resource } from '../core/resource.ts'
import type { Step } from '../core/step.ts'
import { hostPath } from '../facts/host-path.ts'
import { type Tree, treeProbe } from '../facts/tree.ts'

export interface AbsentTreeWant {
  readonly path: string
  /** What is in it, for the plan: `etcd's data`. */
  readonly holds?: string
}

const REMOVE_TIMEOUT_MS = 600_000

/** Nothing at or above these is ever removed as a whole, whatever an inventory says. */
const NEVER = [
  '/boot',
  '/dev',
  '/etc/ssh',
  '/etc/systemd/system',
  '/home',
  '/proc',
  '/root',
  '/srv',
  '/sys',
  '/usr/bin',
  '/usr/lib',
  '/usr/local/bin',
  '/var/lib/dpkg',
  '/var/lib/rpm',
  '/var/log/journal',
]

/**
 * No folder, and nothing of what was in it. A link or a mount point stays and is emptied. Nothing is removed while something is
 * mounted below it: that may be somebody's data.
 */
export function absentTree(want: AbsentTreeWant, options?: ResourceOptions): Resource {
  const path = hostPath(want.path)
  refuseHarm(path)
  return resource(absentTreeType, { ...want, path }, options)
}

/** @throws InputError for a folder that the machine itself needs. */
function refuseHarm(path: string): void {
  const parts = path.split('/').filter((part) => part !== '')
  const isAbove = NEVER.some((kept) => kept === path || kept.startsWith(`${path}/`))
  if (parts.length >= 2 && !isAbove && !parts.includes('..')) return
  throw new InputError({
    what: `${path} is not removed: the machine itself needs what is in it`,
    fix: 'name a folder that holds nothing else, e.g. /var/lib/etcd',
  })
}

export const absentTreeType: ResourceType<AbsentTreeWant, Tree> = {
  name: 'absent-tree',
  key: ({ path }): Key => `tree:${path}`,
  paths: ({ path }) => [path],
  probes: ({ path }) => [treeProbe(path)],
  observe: ({ path }, answers) => answers.get(treeProbe(path)),
  diff: ({ holds }, tree): readonly Change[] => {
    if (!remains(tree)) return []
    const what = tree.kind === 'file' ? 'a file' : tree.empty ? 'an empty folder' : 'a folder with content'
    const from = holds === undefined ? what : `${what} (${holds})`
    return [{ what: '', from, to: tree.stays ? 'empty; what is mounted or linked there stays' : 'absent' }]
  },
  steps: ({ path }, tree): readonly Step[] =>
    remains(tree) ? [{ title: `remove ${path}`, body: removeScript(path, tree), timeoutMs: REMOVE_TIMEOUT_MS }] : [],
}

function remains({ kind, stays, empty }: Tree): boolean {
  return kind === 'absent' ? false : !(stays && empty)
}

function removeScript(path: string, { kind, stays }: Tree): string {
  if (kind === 'file') return `rm -f -- ${quote(path)}`
  const clear = stays
    ? `for entry in "$real"/* "$real"/.[!.]* "$real"/..?*; do
  { [ ! -e "$entry" ] && [ ! -h "$entry" ]; } || rm -rf -- "$entry" || exit 1
done`
    : `rm -rf -- ${quote(path)}`
  return `real=$(cd -P -- ${quote(path)} && pwd) || exit 1
below=$(cut -d ' ' -f 5 /proc/self/mountinfo | grep -F -- "$real/" | while IFS= read -r point; do
  case $point in "$real/"*) printf '%s\\n' "$point" ;; esac
done)
if [ -n "$below" ]; then
  printf '%s\\n' 'something is mounted below it, and is not removed with it; unmount it first:' "$below"
  exit 1
fi
${clear}`
}
