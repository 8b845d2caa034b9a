import type { Change } from '../core/change.ts'
import type { Unknown } from '../core/decision.ts'
import { InputError } from '../core/errors.ts'
import type { Answers, AnyProbe } from '../core/fact.ts'
import type { Blob } from '../core/host.ts'
import { quote } from '../core/quote.ts'
import { type Key, type Resource, type ResourceOptions, type ResourceType, resource } from '../core/resource.ts'
import type { Step } from '../core/step.ts'
import { draftOf, hostPath, nameOf } from '../facts/host-path.ts'
import { type PathState, pathProbe } from '../facts/path.ts'
import { blobOf, textOf } from './blob.ts'
import { followedFileType } from './followed-file.ts'
import {
  type OwnedFile,
  type OwnedFileState,
  observeOwnedFile,
  obstacle,
  ownedFileChanges,
  ownedFileProbes,
  ownedFileSteps,
} from './owned-file.ts'
import { type OwnershipWant, ownership } from './ownership.ts'
import { enterFolder } from './placement.ts'

export interface FileWant extends OwnershipWant {
  readonly path: string
  readonly content: string | Uint8Array
  /** Its content appears nowhere: not in the plan, not in a diff, not on the host's disk but in place. */
  readonly secret?: boolean
  /** Command that must accept the new version before it is put in place; `{}` stands for its path. */
  readonly validate?: readonly string[]
  /** Keeps a link at the path and writes the file behind it. Default false: the link is replaced. */
  readonly follow?: boolean
}

export interface AbsentFileWant {
  readonly path: string
  readonly absent: true
}

/** A file with this content, mode (default 0644), owner and group (default root); or no file. A link there is replaced. */
export function file(want: FileWant | AbsentFileWant, options?: ResourceOptions): Resource {
  const path = hostPath(want.path)
  if ('absent' in want) return resource(absentFileType, path, options)
  const secret = want.secret ?? false
  const { validate } = want
  checkValidate(path, validate)
  const bytes = typeof want.content === 'string' ? Buffer.from(want.content) : want.content
  const text = secret ? undefined : textOf(bytes)
  const owned: OwnedFile = {
    path,
    blob: blobOf(path, bytes, secret),
    ...ownership(path, want, '0644'),
    ...(text === undefined ? {} : { text }),
    ...(validate ? { validate } : {}),
  }
  return want.follow ? resource(followedFileType, owned, options) : resource(fileType, owned, options)
}

export interface BlobFileWant extends OwnershipWant {
  readonly path: string
  readonly blob: Blob
  readonly validate?: readonly string[]
}

/** A file made from something large that is known by its digest: never read into memory, never shown as a diff. */
export function fileFrom(want: BlobFileWant, options?: ResourceOptions): Resource {
  const path = hostPath(want.path)
  const { blob, validate } = want
  checkValidate(path, validate)
  return resource(
    fileType,
    { path, blob, ...ownership(path, want, '0644'), ...(validate ? { validate } : {}) },
    options,
  )
}

export const fileType: ResourceType<OwnedFile, OwnedFileState> = {
  name: 'file',
  key: ({ path }) => fileKey(path),
  probes: ownedFileProbes,
  observe: observeOwnedFile,
  diff: ownedFileChanges,
  steps: ownedFileSteps,
  evidence: ({ blob }) => (blob.secret ? '‹secret›' : `sha256 ${blob.sha256.slice(0, 12)}`),
}

export const absentFileType: ResourceType<string, PathState> = {
  name: 'absent-file',
  key: fileKey,
  probes: (path): readonly AnyProbe[] => [pathProbe(path)],
  observe(path, answers: Answers): PathState | Unknown {
    const at = answers.get(pathProbe(path))
    const blocked = obstacle(path, at)
    return blocked === undefined || at.kind === 'absent' ? at : { unknown: blocked }
  },
  diff(_path, at): readonly Change[] {
    if (at.kind === 'absent')
      return at.draft ? [{ what: 'draft', from: 'left by an interrupted run', to: 'absent' }] : []
    const from = at.kind === 'link' ? `link to ${at.target}` : `${at.kind}, ${at.mode}`
    return [{ what: '', from, to: 'absent' }]
  },
  steps(path, at): readonly Step[] {
    if (at.kind === 'absent' && !at.draft) return []
    const names = `./${quote(nameOf(path))} ./${quote(nameOf(draftOf(path)))}`
    return [{ title: `remove ${path}`, body: `${enterFolder(path)}\nrm -f -- ${names}` }]
  },
}

function fileKey(path: string): Key {
  return `file:${path}`
}

function checkValidate(path: string, validate: readonly string[] | undefined): void {
  if (validate && !validate.some((word) => word.includes('{}')))
    throw new InputError({
      what: `${path}: the validate command ${JSON.stringify(validate.join(' '))} does not say where the new version is`,
      fix: 'write {} where its path belongs, e.g. ["visudo", "-cf", "{}"]',
    })
}
