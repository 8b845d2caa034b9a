import { createHash } from 'node:crypto'
import { createReadStream, createWriteStream } from 'node:fs'
import { pipeline } from 'node:stream/promises'
import { constants, createZstdCompress } from 'node:zlib'
import { pack } from 'tar-stream'
import { measureFile } from '../../artifacts/artifact-file.ts'

/**
 * Container image archives, written by hand: an OCI layout (`index.json`, `oci-layout`) that also has the `manifest.json` of
 * `docker save`, so containerd, docker, podman and skopeo all read it. Layers are zstd: a quarter of the bytes to send, and
 * unpacking costs less than writing them did. The same input gives the same bytes: no dates, fixed order, owner 0.
 *
 * Formats: https://github.com/opencontainers/image-spec (image-layout, manifest, config), docker's image spec v1.2.
 */
export interface ImageSpec {
  readonly reference: string
  readonly arch: 'amd64' | 'arm64'
  readonly layers: readonly Layer[]
  readonly entrypoint?: readonly string[]
  /** Goes into the labels, where `ctr images ls` and `crictl inspecti` show it. */
  readonly builtFrom: string
}

/** A tar on disk, compressed with zstd. */
export interface Layer {
  readonly path: string
  /** Of the compressed file. */
  readonly sha256: string
  readonly size: number
  /** Digest of the tar inside. */
  readonly tarSha256: string
}

export interface ArchiveEntry {
  readonly name: string
  readonly content: string | { readonly path: string; readonly size: number }
}

const PATH = 'PATH=/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin'

/** The entries of the archive, in their order. Pure: layers are named, not read. */
export function imageEntries(spec: ImageSpec): readonly ArchiveEntry[] {
  const config = JSON.stringify({
    architecture: spec.arch,
    os: 'linux',
    config: {
      Env: [PATH],
      ...(spec.entrypoint === undefined ? {} : { Entrypoint: spec.entrypoint }),
      Labels: { 'org.opencontainers.image.source': spec.builtFrom },
    },
    rootfs: { type: 'layers', diff_ids: spec.layers.map((layer) => `sha256:${layer.tarSha256}`) },
  })
  const manifest = JSON.stringify({
    schemaVersion: 2,
    mediaType: 'application/vnd.oci.image.manifest.v1+json',
    config: descriptor('application/vnd.oci.image.config.v1+json', config),
    layers: spec.layers.map((layer) => ({
      mediaType: 'application/vnd.oci.image.layer.v1.tar+zstd',
      digest: `sha256:${layer.sha256}`,
      size: layer.size,
    })),
  })
  const index = {
    schemaVersion: 2,
    mediaType: 'application/vnd.oci.image.index.v1+json',
    manifests: [
      {
        ...descriptor('application/vnd.oci.image.manifest.v1+json', manifest),
        platform: { architecture: spec.arch, os: 'linux' },
        annotations: {
          'io.containerd.image.name': spec.reference,
          'org.opencontainers.image.ref.name': tagOf(spec.reference),
        },
      },
    ],
  }
  const blob = (content: string) => ({ name: `blobs/sha256/${sha256(content)}`, content })
  const saved = [{ Config: blob(config).name, RepoTags: [spec.reference], Layers: spec.layers.map(layerName) }]
  return [
    { name: 'oci-layout', content: JSON.stringify({ imageLayoutVersion: '1.0.0' }) },
    { name: 'index.json', content: JSON.stringify(index) },
    { name: 'manifest.json', content: JSON.stringify(saved) },
    blob(config),
    blob(manifest),
    ...spec.layers.map((layer) => ({ name: layerName(layer), content: layer })),
  ]
}

/** What is in a layer: files from disk, short texts, folders. Parents are added by `writeLayer`. */
export interface LayerEntry {
  /** Without a leading slash. */
  readonly name: string
  readonly mode: number
  readonly content?: string | { readonly path: string; readonly size: number }
}

const READ_BYTES = 1024 * 1024

const ZSTD_LEVEL = 3

/** Compresses a tar into a layer beside it, `PATH.zst`. */
export async function compressLayer(path: string, tarSha256: string): Promise<Layer> {
  const compressed = `${path}.zst`
  const zstd = createZstdCompress({ params: { [constants.ZSTD_c_compressionLevel]: ZSTD_LEVEL } })
  await pipeline(createReadStream(path, { highWaterMark: READ_BYTES }), zstd, createWriteStream(compressed))
  return { path: compressed, tarSha256, ...(await measureFile(compressed)) }
}

/** Writes a tar with the entries in the order of their names, parents first. */
export async function writeTar(path: string, entries: readonly LayerEntry[]): Promise<void> {
  const archive = pack()
  const written = pipeline(archive, createWriteStream(path))
  for (const { name, mode, content } of entries) {
    const header = { name, mode, uid: 0, gid: 0, mtime: new Date(0) }
    if (content === undefined) archive.entry({ ...header, type: 'directory' })
    else if (typeof content === 'string') archive.entry({ ...header, type: 'file' }, content)
    else await pipeline(createReadStream(content.path), archive.entry({ ...header, type: 'file', size: content.size }))
  }
  archive.finalize()
  await written
}

/** Every folder above the entries, once, before what it holds. */
export function withParents(entries: readonly LayerEntry[]): readonly LayerEntry[] {
  const folders = new Set<string>()
  for (const { name } of entries) {
    for (let at = name.indexOf('/'); at > 0; at = name.indexOf('/', at + 1)) folders.add(name.slice(0, at))
  }
  const given = new Set(entries.map((entry) => entry.name))
  const parents = [...folders].filter((name) => !given.has(name)).map((name) => ({ name, mode: 0o755 }))
  return [...parents, ...entries].sort((a, b) => (a.name < b.name ? -1 : 1))
}

function layerName(layer: Layer): string {
  return `blobs/sha256/${layer.sha256}`
}

function descriptor(mediaType: string, content: string): { mediaType: string; digest: string; size: number } {
  return { mediaType, digest: `sha256:${sha256(content)}`, size: Buffer.byteLength(content) }
}

function sha256(content: string): string {
  return createHash('sha256').update(content).digest('hex')
}

function tagOf(reference: string): string {
  return reference.slice(reference.lastIndexOf(':') + 1)
}
