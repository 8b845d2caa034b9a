import type { Unknown } from '../core/decision.ts'
import type { Answers, AnyProbe } from '../core/fact.ts'
import { type Key, type Resource, type ResourceOptions, type ResourceType, resource } from '../core/resource.ts'
import { carrierProbe } from '../facts/carrier.ts'
import { type ContentAsk, contentProbe } from '../facts/content.ts'
import { pathProbe } from '../facts/path.ts'
import { blobOf } from './blob.ts'
import { type OwnedFile, type OwnedFileState, observed, ownedFileChanges, ownedFileSteps } from './owned-file.ts'
import { ownership } from './ownership.ts'

export interface CardFileWant {
  readonly path: string
  /** An address of this host: its card is the one that is meant. */
  readonly address: string
  readonly content: (card: string) => string
  /** Command that must accept the new version before it is put in place; `{}` stands for its path. */
  readonly validate?: readonly string[]
}

interface CardFile {
  readonly file: OwnedFile
  readonly state: OwnedFileState
}

/** A file we own as a whole, in which the name of a network card stands that only the host knows. */
const cardFileType: ResourceType<CardFileWant, CardFile> = {
  name: 'card-file',
  key: ({ path }): Key => `file:${path}`,
  probes: ({ path, address }): readonly AnyProbe[] => [
    carrierProbe(address),
    pathProbe(path),
    contentProbe(askOf({ path })),
  ],
  observe(want, answers): CardFile | Unknown {
    const file = fileFor(want, answers)
    if (file === undefined) return { unknown: `no network card of this host has the address ${want.address}` }
    const state = observed(file, answers.get(pathProbe(want.path)), answers.get(contentProbe(askOf(want))))
    return 'unknown' in state ? state : { file, state }
  },
  diff: (_want, { file, state }) => ownedFileChanges(file, state),
  steps: (_want, { file, state }) => ownedFileSteps(file, state),
  evidence: (_want, { file }) => `sha256 ${file.blob.sha256.slice(0, 12)}`,
}

export function cardFile(want: CardFileWant, options: ResourceOptions = {}): Resource {
  return resource(cardFileType, want, options)
}

/** What is wanted is not known before the look: the text that is there comes along, whatever it is. */
function askOf({ path }: Pick<CardFileWant, 'path'>): ContentAsk {
  return { path, wanted: '0'.repeat(64) }
}

function fileFor({ path, address, content, validate }: CardFileWant, answers: Answers): OwnedFile | undefined {
  const carrier = answers.get(carrierProbe(address))
  if (carrier === undefined) return undefined
  const text = content(carrier.card)
  return {
    path,
    blob: blobOf(path, text),
    text,
    ...ownership(path, {}, '0644'),
    ...(validate ? { validate } : {}),
  }
}
