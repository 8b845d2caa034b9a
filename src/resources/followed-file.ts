import { posix } from 'node:path'
import type { Unknown } from '../core/decision.ts'
import type { Answers } from '../core/fact.ts'
import type { ResourceType } from '../core/resource.ts'
import { folderOf } from '../facts/host-path.ts'
import { type LinkEnd, linkEndProbe } from '../facts/link-end.ts'
import { type PathState, pathProbe } from '../facts/path.ts'
import {
  contentAskOf,
  hazardReason,
  type OwnedFile,
  type OwnedFileState,
  observed,
  ownedFileChanges,
  ownedFileSteps,
} from './owned-file.ts'

interface Have {
  /** The want, about the file the link leads to. */
  readonly real: OwnedFile
  readonly state: OwnedFileState
}

/** A file that may be reached through one link, which is kept: what it points to is written. */
export const followedFileType: ResourceType<OwnedFile, Have> = {
  name: 'followed-file',
  key: ({ path }) => `file:${path}`,
  probes: (want) => [pathProbe(want.path), linkEndProbe(contentAskOf(want))],
  observe(want, answers: Answers): Have | Unknown {
    const at = answers.get(pathProbe(want.path))
    const reason = hazardReason(want.path, at)
    if (reason !== undefined) return { unknown: reason }
    const end = answers.get(linkEndProbe(contentAskOf(want)))
    const detour = detourOf(want.path, at, end)
    if (detour !== undefined) return { unknown: detour }
    const real = { ...want, path: end.path }
    const state = observed(real, end.at, end.content)
    return 'unknown' in state ? state : { real, state }
  },
  diff: (want, { real, state }) =>
    ownedFileChanges(real, state).map((change) =>
      real.path === want.path ? change : { ...change, what: `${change.what} of ${real.path}`.trim() },
    ),
  steps: (_want, { real, state }) => ownedFileSteps(real, state),
  evidence: ({ blob }, { real }) => `${real.path}, ${blob.secret ? '‹secret›' : `sha256 ${blob.sha256.slice(0, 12)}`}`,
}

/** One hop only: a link on the way, in a folder of somebody else's, could lead anywhere. */
function detourOf(path: string, at: PathState, end: LinkEnd): string | undefined {
  const next = at.kind === 'link' ? posix.resolve(folderOf(path), at.target ?? '') : path
  if (next === end.path) return undefined
  return `${path} leads through more than one link to ${end.path}: name that file in the playbook instead`
}
