/**
 * Everything that lies on a machine, one line each: every name on the root file system, in /run and in /tmp, with its
 * type, mode, owner, size, inode, both times and link target; then kernel settings, modules, swap and units.
 * The change time of an inode cannot be set by anybody, so an equal line means equal bytes: nothing has to be digested.
 */
export const TRACE_SCRIPT = `find / /run /tmp -xdev -printf '%p\\t%y\\t%m\\t%U\\t%G\\t%s\\t%i\\t%T@\\t%C@\\t%l\\n' | LC_ALL=C sort
sysctl -a 2>/dev/null | sed 's/ *= */\\t/;s/^/sysctl /'
cut -d' ' -f1 /proc/modules | sort | sed 's/.*/module &\\tloaded/'
tail -n +2 /proc/swaps | sed 's/^/swap /'
systemctl list-units --all --no-legend --plain | sed 's/^\\([^ ]*\\) */unit \\1\\t/'`

/** By name: a path, `sysctl KEY`, `module NAME` or `unit NAME`. */
export type Trace = ReadonlyMap<string, string>

export function readTrace(text: string): Trace {
  return new Map(
    text
      .trimEnd()
      .split('\n')
      .map((line) => {
        const at = line.indexOf('\t')
        return [line.slice(0, at), line.slice(at + 1)] as const
      }),
  )
}

/** Names whose lines differ. */
export function differing(before: Trace, after: Trace): readonly string[] {
  const names = new Set([...before.keys(), ...after.keys()])
  return [...names].filter((name) => before.get(name) !== after.get(name)).toSorted()
}

/** Paths that were made, removed or written; a folder counts for itself, and not for what came and went in it. */
export function changedPaths(before: Trace, after: Trace): readonly string[] {
  return differing(before, after).filter((name) => {
    if (!name.startsWith('/')) return false
    const [was, is] = [before.get(name), after.get(name)]
    return was === undefined || is === undefined || !isFolder(was) || !isFolder(is) || access(was) !== access(is)
  })
}

export function isFolder(line: string): boolean {
  return line.startsWith('d\t')
}

/** Type, mode and owner. */
function access(line: string): string {
  return line.split('\t').slice(0, 4).join(' ')
}

export function isBelow(path: string, folders: readonly string[]): boolean {
  return folders.some((folder) => path === folder || path.startsWith(`${folder}/`))
}

/** What the machine writes by itself whenever somebody logs in: logs, and the greeting of pam_motd. */
export const LOGIN_TRACES = [
  '/run/motd.dynamic',
  '/var/log/journal',
  '/run/systemd/journal',
  '/run/systemd/units',
  '/run/systemd/sessions',
  '/run/systemd/users',
  '/run/user',
]

/** What the kernel counts, or draws anew at every reading. */
export const COUNTERS =
  /^sysctl (fs\.(dentry-state|inode-nr|inode-state|file-nr|aio-nr)|kernel\.(random\.(uuid|entropy_avail)|ns_last_pid|pty\.nr)|net\.netfilter\.nf_conntrack_count)$/
