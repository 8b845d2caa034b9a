import { createReadStream, createWriteStream } from 'node:fs'
import { mkdtemp, rename, rm, stat } from 'node:fs/promises'
import { basename, dirname, join } from 'node:path'
import { pipeline } from 'node:stream/promises'
import { createGunzip } from 'node:zlib'
import { extract } from 'tar-stream'
import { DOWNLOADS, type Download } from '../catalog/downloads.ts'
import { FailedError, InputError } from '../core/errors.ts'
import type { Report } from '../core/events.ts'
import { Value } from '../core/value.ts'
import type { Arch, ArtifactFile } from './artifact.ts'
import { artifactFile, measureFile } from './artifact-file.ts'
import { openBundle } from './bundle.ts'
import { download } from './download.ts'
import type { Offer } from './offer.ts'

/** Where the inventory says artifacts come from. */
export type Source =
  | { readonly kind: 'release' }
  /** Base URL; below it the layout is `HOST/PATH` of the upstream, e.g. `https://mirror.example/dl.k8s.io/release/…`. */
  | { readonly kind: 'mirror'; readonly url: string }
  /** Folder or tar. */
  | { readonly kind: 'bundle'; readonly path: string }

/** What a plan takes its artifacts from; the lab's bundle, while it is being made, is one too. */
export interface Supply {
  /** @throws InputError when the source does not have it, FailedError when it cannot be fetched or has the wrong digest */
  artifact(name: string, arch?: Arch): Promise<ArtifactFile>
  /**
   * The ways it can come to a host, one for each kind of processor.
   * @throws InputError when the source does not have it for any
   */
  offers(name: string): Promise<readonly Offer[]>
}

export interface SourceOptions {
  /** Folder for downloads, kept by digest. */
  readonly cacheDir: string
  readonly report: Report
  readonly signal?: AbortSignal
  /** What can be downloaded; upstreams' own releases unless given. */
  readonly downloads?: readonly Download[]
}

/** Opens a source. A bundle's index is read now; downloads happen when an artifact is asked for, each once. */
export async function openSource(source: Source, options: SourceOptions): Promise<Supply> {
  if (source.kind === 'bundle') {
    const bundle = await openBundle(source.path)
    return {
      artifact: async (name, arch) => bundle.file(name, arch),
      offers: async (name) => sentOffers(bundle.files(name)),
    }
  }
  const downloads = options.downloads ?? DOWNLOADS
  const running = new Map<string, Promise<string>>()
  const fetched = (found: Download): Promise<string> => {
    const dir = join(options.cacheDir, 'downloads', found.sha256)
    const folder = running.get(found.sha256) ?? fetchOnce(found, urlOf(found, source), dir, options)
    running.set(found.sha256, folder)
    // Asking again after a failure tries again.
    folder.catch(() => running.delete(found.sha256))
    return folder
  }
  return {
    async artifact(name, arch) {
      const found = findDownload(name, arch, downloads)
      return releasedFile(found, name, await fetched(found))
    },
    async offers(name) {
      findDownload(name, undefined, downloads)
      const named = downloads.filter(({ holds }) => Object.hasOwn(holds, name))
      return named.map((found) => downloadOffer(found, name, { url: urlOf(found, source), fetched }))
    },
  }
}

export function sentOffers(files: readonly ArtifactFile[]): readonly Offer[] {
  return files.map((file) => ({ arch: file.artifact.arch, file }))
}

function downloadOffer(
  found: Download,
  name: string,
  { url, fetched }: { readonly url: string; readonly fetched: (found: Download) => Promise<string> },
): Offer {
  const { version, arch, sha256, licence, path } = found
  const isPacked = found.format === 'tar.gz'
  const here = new Value(`download: ${basename(path)}`, async () => {
    const file = join(dirname(await fetched(found)), basename(path))
    const kind = isPacked ? 'archive' : found.format === 'text' ? 'manifest' : 'binary'
    const { size } = await stat(file)
    return artifactFile({ name: isPacked ? basename(path) : name, version, arch, kind, sha256, size, licence }, file)
  })
  const member = found.holds[name]
  const packed = isPacked && member !== undefined ? { member } : {}
  return { arch, download: { name, version, arch, sha256, url, here, ...packed } }
}

/** The address of a download at a source. */
export function urlOf(found: Download, source: Exclude<Source, { kind: 'bundle' }>): string {
  return source.kind === 'mirror' ? `${source.url.replace(/\/+$/, '')}/${found.path}` : `https://${found.path}`
}

function findDownload(name: string, arch: Arch | undefined, downloads: readonly Download[]): Download {
  const named = downloads.filter((each) => Object.hasOwn(each.holds, name))
  const found = named.find((each) => arch === undefined || each.arch === arch || each.arch === 'any')
  if (found !== undefined) return found
  const known =
    named.length === 0 ? downloads.flatMap((each) => Object.keys(each.holds)) : named.map((each) => each.arch)
  throw new InputError({
    what: `no release of ${name}${arch === undefined ? '' : ` for ${arch}`} is known`,
    why: `known are ${[...new Set(known)].join(', ')}; images are pulled by the host's own container runtime`,
    fix: 'take it from a bundle: `artifacts: { bundle: PATH }`',
  })
}

/** @returns folder with the download's files under the names of their artifacts */
async function fetchOnce(found: Download, url: string, dir: string, options: SourceOptions): Promise<string> {
  const ready = join(dir, 'files')
  if ((await stat(ready).catch(() => undefined)) !== undefined) return ready
  const task = {
    type: 'task',
    id: `download/${found.sha256.slice(0, 12)}`,
    title: `download ${url}`,
    unit: 'bytes',
  } as const
  options.report({ ...task, state: 'start' })
  const begin = performance.now()
  const path = join(dir, basename(found.path))
  try {
    const onProgress = (done: number, total: number | undefined) =>
      options.report({ ...task, state: 'progress', done, ...(total === undefined ? {} : { total }) })
    await download(url, path, {
      sha256: found.sha256,
      onProgress,
      ...(options.signal === undefined ? {} : { signal: options.signal }),
    })
    await unpack(found, path, ready)
  } catch (error) {
    options.report({ ...task, state: 'failed', ms: Math.round(performance.now() - begin) })
    throw error
  }
  options.report({ ...task, state: 'ok', ms: Math.round(performance.now() - begin) })
  return ready
}

async function unpack(found: Download, path: string, ready: string): Promise<void> {
  const temporary = await mkdtemp(`${ready}-`)
  const wanted = new Map(Object.entries(found.holds).map(([name, member]) => [member, fileName(name)]))
  try {
    if (found.format === 'tar.gz') await unpackTar(path, wanted, temporary)
    else
      for (const name of wanted.values())
        await pipeline(createReadStream(path), createWriteStream(join(temporary, name)))
    await rename(temporary, ready)
  } finally {
    await rm(temporary, { recursive: true, force: true })
  }
}

/** Takes the named members only: no name of an archive ever becomes a path on this machine. */
async function unpackTar(path: string, wanted: Map<string, string>, dir: string): Promise<void> {
  const reader = extract()
  const feeding = pipeline(createReadStream(path), createGunzip(), reader)
  // A broken archive ends the loop below; its reason is awaited after it.
  feeding.catch(() => undefined)
  for await (const entry of reader) {
    const member = entry.header.name.replace(/^(\.\/)+/, '')
    const name = entry.header.type === 'file' ? wanted.get(member) : undefined
    if (name === undefined) entry.resume()
    else await pipeline(entry, createWriteStream(join(dir, name)))
    wanted.delete(member)
  }
  await feeding
  if (wanted.size === 0) return
  const what = `${basename(path)} does not hold ${[...wanted.keys()].join(', ')}`
  throw new FailedError({
    what,
    where: path,
    why: 'the release is packed differently than known',
    fix: 'correct `holds` in the catalog',
  })
}

async function releasedFile(found: Download, name: string, dir: string): Promise<ArtifactFile> {
  const path = join(dir, fileName(name))
  const { version, arch, licence } = found
  const kind = found.format === 'text' ? 'manifest' : 'binary'
  return artifactFile({ name, version, arch, kind, licence, ...(await measureFile(path)) }, path)
}

function fileName(name: string): string {
  return name.replaceAll('/', '_')
}
