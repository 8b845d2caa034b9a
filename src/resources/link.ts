import type { Change } from '../core/change.ts'
import { InputError } from '../core/errors.ts'
import { quote } from '../core/quote.ts'
import { type Resource, type ResourceOptions, type ResourceType, resource } from '../core/resource.ts'
import type { Step } from '../core/step.ts'
import { draftOf, hostPath, nameOf } from '../facts/host-path.ts'
import { type PathState, pathProbe } from '../facts/path.ts'
import { hazardReason } from './owned-file.ts'
import { clear, enterFolder } from './placement.ts'

export interface LinkWant {
  readonly path: string
  /** What the link says, as it is: absolute, or relative to the link's folder. Need not exist. */
  readonly target: string
}

/** A symbolic link. A file or another link in its place is replaced; a folder is not. */
export function link(want: LinkWant, options?: ResourceOptions): Resource {
  const path = hostPath(want.path)
  if (want.target === '' || /[\0\n]/.test(want.target))
    throw new InputError({ what: `${path}: ${JSON.stringify(want.target)} is not something a link can point to` })
  return resource(linkType, { path, target: want.target }, options)
}

export const linkType: ResourceType<LinkWant, PathState> = {
  name: 'link',
  key: ({ path }) => `link:${path}`,
  probes: ({ path }) => [pathProbe(path)],
  observe({ path }, answers) {
    const at = answers.get(pathProbe(path))
    const reason = hazardReason(path, at)
    if (reason !== undefined) return { unknown: reason }
    if (at.kind === 'directory') return { unknown: `${path} is a folder; a link is wanted there: move the folder away` }
    if (at.kind !== 'absent' && at.mounted) return { unknown: `something is mounted at ${path}: unmount it first` }
    return at
  },
  diff({ target }, at): readonly Change[] {
    const to = `link to ${target}`
    if (at.kind === 'absent') return [{ what: '', from: 'absent', to }]
    if (at.kind !== 'link') return [{ what: '', from: `${at.kind}, ${at.mode}`, to }]
    if (at.target !== target) return [{ what: '', from: `link to ${at.target}`, to }]
    return at.draft ? [{ what: 'draft', from: 'left by an interrupted run', to: 'absent' }] : []
  },
  steps(want, at): readonly Step[] {
    if (linkType.diff(want, at).length === 0) return []
    const draft = `./${quote(nameOf(draftOf(want.path)))}`
    const name = `./${quote(nameOf(want.path))}`
    const body = `${enterFolder(want.path)}
${clear(draft)}
ln -s -- ${quote(want.target)} ${draft} && mv -f -T -- ${draft} ${name} && { sync -- . 2>/dev/null || sync; }`
    return [{ title: `link ${want.path} to ${want.target}`, body }]
  },
}
