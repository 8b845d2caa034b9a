import { createWriteStream } from 'node:fs'
import { mkdir, rename, rm } from 'node:fs/promises'
import { dirname, join } from 'node:path'
import { Readable } from 'node:stream'
import { pipeline } from 'node:stream/promises'
import { pack } from 'tar-stream'
import { z } from 'zod'
import { FailedError } from '../core/errors.ts'
import type { Arch, ArtifactFile } from './artifact.ts'
import { artifactFile, measureFile } from './artifact-file.ts'
import { imageName } from './image-name.ts'
import type { Manifest, Registry } from './registry.ts'

const digest = z.string().regex(/^sha256:[0-9a-f]{64}$/)
const descriptor = z.object({ mediaType: z.string(), digest, size: z.int().min(0) })
const indexSchema = z.object({
  manifests: z.array(
    z.object({
      ...descriptor.shape,
      platform: z.object({ os: z.string(), architecture: z.string() }).exactOptional(),
    }),
  ),
})
const manifestSchema = z.object({ config: descriptor, layers: z.array(descriptor) })
const configSchema = z.object({
  os: z.string(),
  architecture: z.string(),
  config: z.object({ Labels: z.record(z.string(), z.string()).nullish() }).nullish(),
})

export interface ImagePullWant {
  /** Name of the artifact it becomes. */
  readonly name: string
  /** Full name of the image. */
  readonly reference: string
  readonly arch: Arch
  /** `sha256:…` its name must stand for. */
  readonly digest?: string
}

/**
 * Pulls an image for one kind of processor into an archive containerd can import: an OCI layout as a tar. Blobs are kept by
 * digest in the cache, so what was cut off is gone on with; the same image gives the same bytes.
 * @throws FailedError
 */
export async function pullImage(registry: Registry, want: ImagePullWant, cacheDir: string): Promise<ArtifactFile> {
  const { reference, arch } = want
  const named = await registry.manifest(reference, want.digest)
  const manifest = await forArch(registry, named, want)
  const { config, layers } = read(manifestSchema, manifest, reference)
  const blobs = await Promise.all([config, ...layers].map((one) => blobFile(registry, { reference, ...one }, cacheDir)))
  const facts = await configOf(blobs[0] as ArtifactFile, want)
  const path = join(cacheDir, 'images', `${manifest.digest.slice(7)}-${Buffer.from(reference).toString('hex')}.tar`)
  const temporary = `${path}.${crypto.randomUUID()}`
  await mkdir(dirname(path), { recursive: true })
  try {
    await writeLayout(temporary, { reference, manifest, arch, blobs })
    await rename(temporary, path)
  } finally {
    await rm(temporary, { force: true })
  }
  const version = imageName(reference).reference
  const licence = facts.config?.Labels?.['org.opencontainers.image.licenses'] || 'NOASSERTION'
  return artifactFile(
    { name: want.name, version, arch, kind: 'image', licence, reference, ...(await measureFile(path)) },
    path,
  )
}

/** What an image's name stands for is often a list, one manifest for each kind of processor. */
async function forArch(registry: Registry, named: Manifest, { reference, arch }: ImagePullWant): Promise<Manifest> {
  if (!/index|manifest\.list/.test(named.mediaType)) return named
  const { manifests } = read(indexSchema, named, reference)
  const found = manifests.find(({ platform }) => platform?.os === 'linux' && platform.architecture === arch)
  if (found) return registry.manifest(reference, found.digest)
  const held = manifests.flatMap(({ platform }) => (platform ? [`${platform.os}/${platform.architecture}`] : []))
  throw new FailedError({
    what: `there is no ${reference} for linux/${arch}`,
    where: named.digest,
    why: `it is for ${held.join(', ') || 'nothing it names'}`,
    fix: 'leave that kind of processor out, or ask who publishes the image',
  })
}

async function blobFile(
  registry: Registry,
  blob: { readonly reference: string; readonly digest: string; readonly size: number },
  cacheDir: string,
): Promise<ArtifactFile> {
  const sha256 = blob.digest.slice(7)
  const path = join(cacheDir, 'blobs', sha256)
  await registry.blob(blob.reference, blob.digest, path)
  const facts = { arch: 'any', kind: 'image', licence: 'NOASSERTION', version: blob.digest } as const
  return artifactFile({ ...facts, name: 'layer', sha256, size: blob.size }, path)
}

async function configOf(file: ArtifactFile, { reference, arch }: ImagePullWant) {
  const chunks: Uint8Array[] = []
  for await (const chunk of file.open()) chunks.push(chunk)
  const bytes = Buffer.concat(chunks)
  const config = read(configSchema, { bytes, digest: `sha256:${file.artifact.sha256}` }, reference)
  if (config.os === 'linux' && config.architecture === arch) return config
  throw new FailedError({
    what: `${reference} is for ${config.os}/${config.architecture}, wanted is linux/${arch}`,
    where: `sha256:${file.artifact.sha256}`,
    fix: 'leave that kind of processor out, or name another image',
  })
}

function read<T>(schema: z.ZodType<T>, { bytes, digest }: Pick<Manifest, 'bytes' | 'digest'>, reference: string): T {
  const parsed = schema.safeParse(jsonOf(bytes))
  if (parsed.success) return parsed.data
  const [first] = parsed.error.issues
  throw new FailedError({
    what: `${digest} of ${reference} cannot be used: ${first?.path.join('.') || 'it'}: ${first?.message ?? 'wrong'}`,
    where: 'this machine',
    fix: 'ask who publishes the image; only what OCI and docker describe (schema 2) is read',
  })
}

function jsonOf(bytes: Uint8Array): unknown {
  try {
    return JSON.parse(Buffer.from(bytes).toString('utf8'))
  } catch {
    return undefined
  }
}

interface Layout {
  readonly reference: string
  readonly arch: Arch
  readonly manifest: Manifest
  readonly blobs: readonly ArtifactFile[]
}

/** No dates, one order. https://github.com/opencontainers/image-spec: image-layout. */
async function writeLayout(path: string, { reference, arch, manifest, blobs }: Layout): Promise<void> {
  const index = {
    schemaVersion: 2,
    mediaType: 'application/vnd.oci.image.index.v1+json',
    manifests: [
      {
        mediaType: manifest.mediaType,
        digest: manifest.digest,
        size: manifest.bytes.byteLength,
        platform: { architecture: arch, os: 'linux' },
        annotations: {
          'io.containerd.image.name': reference,
          'org.opencontainers.image.ref.name': imageName(reference).reference,
        },
      },
    ],
  }
  const archive = pack()
  const written = pipeline(archive, createWriteStream(path))
  // A write that fails shows where it is awaited.
  written.catch(() => undefined)
  const texts: readonly (readonly [name: string, content: string | Uint8Array])[] = [
    ['oci-layout', JSON.stringify({ imageLayoutVersion: '1.0.0' })],
    ['index.json', JSON.stringify(index)],
    [`blobs/sha256/${manifest.digest.slice(7)}`, manifest.bytes],
  ]
  for (const [name, content] of texts) archive.entry(header(name), Buffer.from(content))
  const once = new Map(blobs.map((blob) => [blob.artifact.sha256, blob]))
  for (const [sha256, blob] of once) {
    const entry = archive.entry({ ...header(`blobs/sha256/${sha256}`), size: blob.artifact.size })
    await Promise.race([pipeline(Readable.from(blob.open()), entry), written])
  }
  archive.finalize()
  await written
}

function header(name: string) {
  return { name, mode: 0o644, uid: 0, gid: 0, mtime: new Date(0), type: 'file' } as const
}
