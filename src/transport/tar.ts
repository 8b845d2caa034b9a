import type { Readable } from 'node:stream'
import { type Pack, pack } from 'tar-stream'
import { FailedError } from '../core/errors.ts'
import type { Blob } from '../core/host.ts'

export interface TarEntry {
  readonly blob: Blob
  /** Absolute path on the host. */
  readonly path: string
}

/**
 * One tar of many blobs, read only as fast as it is taken. @throws FailedError when a blob is not as long as it says.
 */
export async function* tarOf(
  entries: readonly TarEntry[],
  progress: (bytes: number) => void,
): AsyncGenerator<Uint8Array> {
  const tar = pack()
  const filling = fill(tar, entries, progress)
  // Read errors surface in the loop below; this keeps them from being unhandled before it gets there.
  filling.catch((error: unknown) => tar.destroy(error as Error))
  yield* tar as unknown as Readable
  await filling
}

async function fill(tar: Pack, entries: readonly TarEntry[], progress: (bytes: number) => void): Promise<void> {
  for (const { blob, path } of entries) {
    const entry = tar.entry({
      name: path.slice(1),
      size: blob.size,
      mode: 0o600,
      uid: 0,
      gid: 0,
      type: 'file',
      mtime: new Date(0),
    })
    // streamx: an error is repeated on the entry, where nobody listens.
    entry.on('error', () => {})
    let bytes = 0
    for await (const chunk of blob.open()) {
      bytes += chunk.length
      if (bytes > blob.size) break
      if (!entry.write(chunk)) await heard(entry, 'drain', tar)
      // Nobody takes any more: the upload is over.
      if (tar.destroyed) return
      progress(chunk.length)
    }
    if (bytes !== blob.size) throw changed(blob, bytes)
    entry.end(null)
    await heard(entry, 'finish', tar)
  }
  tar.finalize()
}

function changed(blob: Blob, bytes: number): FailedError {
  return new FailedError({
    what: `${blob.name} should have ${blob.size} bytes and has ${bytes > blob.size ? 'more' : `only ${bytes}`}`,
    where: 'this machine',
    why: 'the file changed after its digest was taken',
    fix: 'run again',
  })
}

/** Settles at the event, or when the tar is given up. */
function heard(entry: NodeJS.EventEmitter, event: string, tar: Pack): Promise<void> {
  return new Promise((resolve) => {
    const done = () => {
      entry.off(event, done)
      tar.off('close', done)
      resolve()
    }
    if (tar.destroyed) return resolve()
    entry.on(event, done)
    tar.on('close', done)
  })
}
