import { createHash } from 'node:crypto'
import { createReadStream } from 'node:fs'
import { stat } from 'node:fs/promises'
import { FailedError } from '../core/errors.ts'
import type { Blob } from '../core/host.ts'
import type { Artifact, ArtifactFile } from './artifact.ts'

const CHUNK_BYTES = 256 * 1024

/** Where the bytes of a file lie inside another one; a tarred bundle is read this way. */
export interface ByteRange {
  readonly offset: number
  readonly sizeBytes: number
}

export function artifactFile(artifact: Artifact, path: string, range?: ByteRange): ArtifactFile {
  return { artifact, path, open: () => checkedBytes(artifact, path, range) }
}

/** The same bytes as the engine's uploads want them. */
export function artifactBlob(file: ArtifactFile): Blob {
  const { name, sha256, size } = file.artifact
  return { sha256, size, secret: false, name, open: () => file.open() }
}

async function* checkedBytes(artifact: Artifact, path: string, range?: ByteRange): AsyncGenerator<Uint8Array> {
  const hash = createHash('sha256')
  let sizeBytes = 0
  const limits = range === undefined ? {} : { start: range.offset, end: range.offset + range.sizeBytes - 1 }
  for await (const chunk of createReadStream(path, { highWaterMark: CHUNK_BYTES, ...limits })) {
    const bytes = chunk as Uint8Array
    hash.update(bytes)
    sizeBytes += bytes.byteLength
    yield bytes
  }
  const sha256 = hash.digest('hex')
  if (sha256 === artifact.sha256 && sizeBytes === artifact.size) return
  throw new FailedError({
    what: `${artifact.name} ${artifact.version} has sha256 ${sha256} (${sizeBytes} bytes), expected ${artifact.sha256} (${artifact.size} bytes)`,
    where: path,
    why: 'the file was changed or cut short after it was put there; nothing of it is installed',
    fix: `fetch or make the file again, for example: rm -- '${path}'`,
  })
}

/** Digest and size of a file, in one pass. */
export async function measureFile(path: string): Promise<{ sha256: string; size: number }> {
  const hash = createHash('sha256')
  for await (const chunk of createReadStream(path, { highWaterMark: CHUNK_BYTES })) hash.update(chunk as Uint8Array)
  return { sha256: hash.digest('hex'), size: (await stat(path)).size }
}
