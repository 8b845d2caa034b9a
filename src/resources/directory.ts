import type { Change } from '../core/change.ts'
import { quote } from '../core/quote.ts'
import { type Resource, type ResourceOptions, type ResourceType, resource } from '../core/resource.ts'
import type { Step } from '../core/step.ts'
import { hostPath, nameOf } from '../facts/host-path.ts'
import { type PathState, pathProbe } from '../facts/path.ts'
import { hazardReason } from './owned-file.ts'
import { type Ownership, type OwnershipWant, ownership, ownershipChanges, ownershipScript } from './ownership.ts'
import { enterFolder, relabel } from './placement.ts'

export interface DirectoryWant extends OwnershipWant {
  readonly path: string
}

interface Directory extends Ownership {
  readonly path: string
}

/** A folder with this mode (default 0755), owner and group (default root). What is in it is not touched. */
export function directory(want: DirectoryWant, options?: ResourceOptions): Resource {
  const path = hostPath(want.path)
  return resource(directoryType, { path, ...ownership(path, want, '0755') }, options)
}

export const directoryType: ResourceType<Directory, PathState> = {
  name: 'directory',
  key: ({ path }) => `directory:${path}`,
  probes: ({ path }) => [pathProbe(path)],
  observe({ path }, answers) {
    const at = answers.get(pathProbe(path))
    const reason = hazardReason(path, at)
    if (reason !== undefined) return { unknown: reason }
    if (at.kind === 'absent' || at.kind === 'directory') return at
    const what = at.kind === 'link' ? `a link to ${at.target}` : at.kind === 'file' ? 'a file' : 'a special file'
    return { unknown: `${path} is ${what}; a folder is wanted there: move it away` }
  },
  diff(want, at): readonly Change[] {
    if (at.kind === 'absent') return [{ what: '', from: 'absent', to: `${want.mode} ${want.owner}:${want.group}` }]
    return at.kind === 'directory' ? ownershipChanges(want, at) : []
  },
  steps(want, at): readonly Step[] {
    if (directoryType.diff(want, at).length === 0) return []
    const name = `./${quote(nameOf(want.path))}`
    const body = `${enterFolder(want.path)}
[ -d ${name} ] || mkdir -- ${name} || exit
[ ! -h ${name} ] && ${ownershipScript(want, name)} || exit
${relabel(want.path)}`
    return [{ title: `${at.kind === 'absent' ? 'make' : 'set owner and mode of'} ${want.path}`, body }]
  },
}
