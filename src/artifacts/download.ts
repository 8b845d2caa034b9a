import { createHash } from 'node:crypto'
import { createReadStream, createWriteStream } from 'node:fs'
import { mkdir, rename, rm, stat } from 'node:fs/promises'
import { dirname } from 'node:path'
import { Readable, Transform } from 'node:stream'
import { pipeline } from 'node:stream/promises'
import type { ReadableStream as WebStream } from 'node:stream/web'
import { FailedError } from '../core/errors.ts'

/** No byte for this long means the other side is gone. */
const SILENCE_MS = 30_000

/** Answers a request as fetch does; a registry adds its tokens. */
export type Get = (
  url: string,
  init: { readonly signal: AbortSignal; headers: Record<string, string> },
) => Promise<Response>

export interface DownloadOptions {
  /** Lower-case hex; what arrives must have it. */
  readonly sha256: string
  readonly onProgress?: (gotBytes: number, totalBytes: number | undefined) => void
  readonly signal?: AbortSignal
  /** Default 30 s. */
  readonly silenceMs?: number
  readonly get?: Get
}

/**
 * Fetches a URL to a file. The file appears only when it is whole and has the digest; what was there before stays otherwise.
 * What came before the line broke is kept as `PATH.part`, and gone on with next time.
 * @throws FailedError naming the URL: unreachable, refused, silent for too long, or a wrong digest
 */
export async function download(url: string, path: string, options: DownloadOptions): Promise<void> {
  const there = await stat(path).catch(() => undefined)
  if (there !== undefined) return
  await mkdir(dirname(path), { recursive: true })
  const mine = `${path}.part-${crypto.randomUUID()}`
  // Whoever gets the new name goes on with it: two runs never write to one file.
  await rename(`${path}.part`, mine).catch(() => undefined)
  try {
    const sha256 = await fetchTo(url, mine, options)
    if (sha256 !== options.sha256) {
      await rm(mine, { force: true })
      throw wrongDigest(url, sha256, options.sha256)
    }
    await rename(mine, path)
  } catch (error) {
    await rename(mine, `${path}.part`).catch(() => undefined)
    throw error
  }
}

/** Adds what is missing to a file. @returns digest of the whole */
async function fetchTo(url: string, path: string, options: DownloadOptions): Promise<string> {
  const silence = new AbortController()
  const silenceMs = options.silenceMs ?? SILENCE_MS
  const timer = setTimeout(() => silence.abort(new Error(`no data for ${silenceMs / 1000} s`)), silenceMs)
  const signal = AbortSignal.any([silence.signal, ...(options.signal === undefined ? [] : [options.signal])])
  try {
    const { response, begun } = await askFor(url, path, { get: options.get ?? fetch, signal })
    const length = Number(response.headers.get('content-length') ?? Number.NaN)
    const total = Number.isNaN(length) ? undefined : begun + length
    const hash = createHash('sha256')
    if (begun > 0) for await (const chunk of createReadStream(path)) hash.update(chunk as Uint8Array)
    let got = begun
    const meter = new Transform({
      transform(chunk: Uint8Array, _, next) {
        timer.refresh()
        hash.update(chunk)
        got += chunk.byteLength
        options.onProgress?.(got, total)
        next(null, chunk)
      },
    })
    const file = createWriteStream(path, { flags: begun > 0 ? 'a' : 'w' })
    await pipeline(Readable.fromWeb(response.body as WebStream), meter, file, { signal })
    return hash.digest('hex')
  } catch (error) {
    options.signal?.throwIfAborted()
    throw cannotFetch(url, silence.signal.aborted ? (silence.signal.reason as Error) : (error as Error))
  } finally {
    clearTimeout(timer)
  }
}

/** Asks for what comes after the bytes a file has; a server that cannot begin there gives all of it. */
async function askFor(
  url: string,
  path: string,
  { get, signal }: { readonly get: Get; readonly signal: AbortSignal },
): Promise<{ readonly response: Response; readonly begun: number }> {
  const begun = (await stat(path).catch(() => undefined))?.size ?? 0
  // The digest is of the bytes as they are kept there: nobody is to pack them for the way.
  const whole = { 'accept-encoding': 'identity' }
  const range: Record<string, string> = begun > 0 ? { ...whole, range: `bytes=${begun}-` } : whole
  const answer = await get(url, { signal, headers: range })
  const isPart = answer.status === 206 && answer.headers.get('content-range')?.startsWith(`bytes ${begun}-`)
  if (isPart && answer.body !== null) return { response: answer, begun }
  const isRefused = begun > 0 && (answer.status === 416 || answer.status === 206)
  if (isRefused) await answer.body?.cancel()
  const response = isRefused ? await get(url, { signal, headers: whole }) : answer
  if (!response.ok || response.body === null)
    throw new Error(`the server answered ${response.status} ${response.statusText}`)
  return { response, begun: 0 }
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
