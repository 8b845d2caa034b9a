import type { Change } from '../core/change.ts'
import type { Unknown } from '../core/decision.ts'
import type { Answers, AnyProbe } from '../core/fact.ts'
import { FactError } from '../core/fact-error.ts'
import type { Blob } from '../core/host.ts'
import { quote } from '../core/quote.ts'
import type { Step } from '../core/step.ts'
import { type Content, type ContentAsk, contentProbe } from '../facts/content.ts'
import { draftOf, nameOf } from '../facts/host-path.ts'
import { type PathState, pathProbe } from '../facts/path.ts'
import { textOf } from './blob.ts'
import { type Ownership, ownershipChanges, ownershipScript } from './ownership.ts'
import { enterFolder, placeScript } from './placement.ts'

/** A file we own as a whole. `file`, and everything that keeps its settings in a file of its own, is made of this. */
export interface OwnedFile extends Ownership {
  readonly path: string
  readonly blob: Blob
  /** The new content, for the plan's diff. Absent for secrets and for what a person cannot read. */
  readonly text?: string
  readonly validate?: readonly string[]
}

export interface OwnedFileState {
  readonly at: PathState
  readonly sha256?: string
  /** The old content when it differs, is text and is small. */
  readonly text?: string
}

export function ownedFileProbes(want: OwnedFile): readonly AnyProbe[] {
  return [pathProbe(want.path), contentProbe(contentAskOf(want))]
}

/** The old text comes along only where it may be shown. */
export function contentAskOf({ path, blob, text }: OwnedFile): ContentAsk {
  return text === undefined ? { path } : { path, wanted: blob.sha256 }
}

/** @throws FactError when there is a file that cannot be read. */
export function observeOwnedFile(want: OwnedFile, answers: Answers): OwnedFileState | Unknown {
  return observed(want, answers.get(pathProbe(want.path)), answers.get(contentProbe(contentAskOf(want))))
}

/** @throws FactError as above. */
export function observed({ path }: OwnedFile, at: PathState, { sha256, bytes }: Content): OwnedFileState | Unknown {
  const blocked = obstacle(path, at)
  if (blocked !== undefined) return { unknown: blocked }
  if (at.kind === 'file' && sha256 === undefined)
    throw new FactError('content', `${path} cannot be read: look at \`dmesg\` on the host for disk errors`)
  const text = bytes && textOf(bytes)
  return { at, ...(sha256 === undefined ? {} : { sha256 }), ...(text === undefined ? {} : { text }) }
}

/** What keeps us from writing here, whatever we would write. */
export function obstacle(path: string, at: PathState): string | undefined {
  const reason = hazardReason(path, at)
  if (reason !== undefined) return reason
  if (at.kind === 'directory') return `${path} is a folder; a file is wanted there: move the folder away`
  if (at.kind === 'other') return `${path} is neither file, folder nor link: move it away`
  return undefined
}

/** Why the folders above a path are not to be trusted with what we would put there. */
export function hazardReason(path: string, { hazards }: PathState): string | undefined {
  const [hazard] = hazards
  if (!hazard) return undefined
  return hazard.kind === 'link'
    ? `${hazard.folder}, above ${path}, is a symbolic link: name the real folder in the playbook`
    : `${hazard.folder}, above ${path}, belongs to another user than root, who could change what we write there: chown it to root, or choose another place`
}

export function ownedFileChanges(want: OwnedFile, have: OwnedFileState): readonly Change[] {
  const { at } = have
  if (at.kind === 'absent') return [{ what: '', from: 'absent', to: newFile(want), ...diffText(want, '') }]
  if (at.kind === 'link') return [{ what: '', from: `link to ${at.target}`, to: newFile(want), ...diffText(want, '') }]
  if (at.kind !== 'file') return []
  const draft: Change[] = at.draft ? [{ what: 'draft', from: 'left by an interrupted run', to: 'absent' }] : []
  if (have.sha256 === want.blob.sha256) return [...ownershipChanges(want, at), ...draft]
  const written: Change = {
    what: 'content',
    from: want.blob.secret ? '‹secret›' : short(have.sha256 ?? ''),
    to: want.blob.secret ? '‹secret›, differs' : short(want.blob.sha256),
    ...(have.text === undefined ? {} : diffText(want, have.text)),
    ...(at.mounted ? { disrupts: 'written in place: something is mounted there, so a reader may see half of it' } : {}),
  }
  return [written, ...ownershipChanges(want, at)]
}

export function ownedFileSteps(want: OwnedFile, have: OwnedFileState): readonly Step[] {
  if (ownedFileChanges(want, have).length === 0) return []
  const { path, blob, validate } = want
  const inPlace = have.at.kind === 'file' && have.at.mounted
  if (have.sha256 !== blob.sha256) {
    const placement = { ...want, sha256: blob.sha256, inPlace, ...(validate ? { validate } : {}) }
    return [{ title: `write ${path}`, body: placeScript(placement), blobs: [blob], timeoutMs: writeTimeoutMs(blob) }]
  }
  const name = `./${quote(nameOf(path))}`
  const body = `${enterFolder(path)}
rm -f -- ./${quote(nameOf(draftOf(path)))}
[ ! -h ${name} ] && ${ownershipScript(want, name)}`
  return [{ title: `set owner and mode of ${path}`, body }]
}

/** A minute, and a second more for each MiB: slow disks write and hash at least that fast. */
function writeTimeoutMs({ size }: Blob): number {
  return 60_000 + Math.ceil(size / 1024 / 1024) * 1000
}

function newFile({ blob, mode, owner, group }: OwnedFile): string {
  const what = blob.secret ? '‹secret›' : `${blob.size} bytes`
  return `${what}, ${mode} ${owner}:${group}`
}

function diffText({ text }: OwnedFile, before: string): Pick<Change, 'text'> {
  return text === undefined ? {} : { text: { before, after: text } }
}

function short(sha256: string): string {
  return `sha256 ${sha256.slice(0, 12)}`
}
