import { createHash } from 'node:crypto'
import { createWriteStream } from 'node:fs'
import { mkdir, rename, rm, stat } from 'node:fs/promises'
import { dirname } from 'node:path'
import { Readable, Transform } from 'node:stream'
import { pipeline } from 'node:stream/promises'
import { FailedError } from '../core/errors.ts'

/** No byte for this long means the other side is gone. */
const SILENCE_MS = 30_000

export interface DownloadOptions {
  /** Lower-case hex; what arrives must have it. */
  readonly sha256: string
  readonly onProgress?: (gotBytes: number, totalBytes: number | undefined) => void
  readonly signal?: AbortSignal
  /** Default 30 s. */
  readonly silenceMs?: number
}

/**
 * Fetches a URL to a file. The file appears only when it is whole and has the digest; what was there before stays otherwise.
 * @throws FailedError naming the URL: unreachable, refused, silent for too long, or a wrong digest
 */
export async function download(url: string, path: string, options: DownloadOptions): Promise<void> {
  const there = await stat(path).catch(() => undefined)
  if (there !== undefined) return
  await mkdir(dirname(path), { recursive: true })
  const part = `${path}.part-${crypto.randomUUID()}`
  try {
    const sha256 = await fetchTo(url, part, options)
    if (sha256 !== options.sha256) throw wrongDigest(url, sha256, options.sha256)
    await rename(part, path)
  } finally {
    await rm(part, { force: true })
  }
}

async function fetchTo(url: string, path: string, options: DownloadOptions): Promise<string> {
  const silence = new AbortController()
  const silenceMs = options.silenceMs ?? SILENCE_MS
  const timer = setTimeout(() => silence.abort(new Error(`no data for ${silenceMs / 1000} s`)), silenceMs)
  const signal = AbortSignal.any([silence.signal, ...(options.signal === undefined ? [] : [options.signal])])
  try {
    const response = await fetch(url, { signal, redirect: 'follow' })
    if (!response.ok || response.body === null)
      throw new Error(`the server answered ${response.status} ${response.statusText}`)
    const total = Number(response.headers.get('content-length') ?? Number.NaN)
    const hash = createHash('sha256')
    let got = 0
    const meter = new Transform({
      transform(chunk: Uint8Array, _, next) {
        timer.refresh()
        hash.update(chunk)
        got += chunk.byteLength
        options.onProgress?.(got, Number.isNaN(total) ? undefined : total)
        next(null, chunk)
      },
    })
    await pipeline(Readable.fromWeb(response.body), meter, createWriteStream(path), { signal })
    return hash.digest('hex')
  } catch (error) {
    options.signal?.throwIfAborted()
    throw cannotFetch(url, silence.signal.aborted ? (silence.signal.reason as Error) : (error as Error))
  } finally {
    clearTimeout(timer)
  }
}

function cannotFetch(url: string, error: Error): FailedError {
  // fetch hides the reason (ENOTFOUND, ECONNREFUSED, certificate) in the cause.
  const reason = error.cause instanceof Error ? `${error.message}: ${error.cause.message}` : error.message
  return new FailedError(
    {
      what: `could not download ${url}`,
      where: 'this machine',
      why: reason,
      fix: 'name a mirror (`artifacts: { mirror: URL }`) or a bundle (`artifacts: { bundle: PATH }`) in the inventory, or try again',
    },
    { cause: error },
  )
}

function wrongDigest(url: string, got: string, wanted: string): FailedError {
  return new FailedError({
    what: `${url} has sha256 ${got}, expected ${wanted}`,
    where: 'this machine',
    why: 'the server gave something else than upstream released: an error page, an old mirror, or a changed file',
    fix: 'look at what that URL gives; nothing of it was kept',
  })
}
