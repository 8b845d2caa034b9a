import { createHash } from 'node:crypto'
import { createReadStream } from 'node:fs'
import { mkdtemp, readFile, rm, writeFile } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { zstdDecompressSync } from 'node:zlib'
import { extract } from 'tar-stream'
import { afterAll, beforeAll, expect, test } from 'vitest'
import { measureFile } from '../../../src/artifacts/artifact-file.ts'
import {
  compressLayer,
  imageEntries,
  type Layer,
  withParents,
  writeTar,
} from '../../../src/lab/bundle/image-archive.ts'

let dir = ''
beforeAll(async () => {
  dir = await mkdtemp(join(tmpdir(), 'provision-image-'))
})
afterAll(() => rm(dir, { recursive: true }))

interface Entry {
  readonly type: string | null | undefined
  readonly mode: number | undefined
  readonly mtimeMs: number | undefined
  readonly bytes: Buffer
}

async function readTar(path: string): Promise<Map<string, Entry>> {
  const entries = new Map<string, Entry>()
  const reader = extract()
  createReadStream(path).pipe(reader)
  for await (const entry of reader) {
    const chunks: Buffer[] = []
    for await (const chunk of entry) chunks.push(chunk as Buffer)
    const { name, type, mode, mtime } = entry.header
    entries.set(name.replace(/\/$/, ''), { type, mode, mtimeMs: mtime?.getTime(), bytes: Buffer.concat(chunks) })
  }
  return entries
}

async function layer(): Promise<Layer> {
  const program = join(dir, 'program')
  await writeFile(program, 'a static binary')
  const path = join(dir, 'layer.tar')
  const entries = [
    { name: 'usr/local/bin/kube-proxy', mode: 0o755, content: { path: program, size: 15 } },
    { name: 'etc/passwd', mode: 0o644, content: 'root:x:0:0\n' },
    { name: 'tmp', mode: 0o1777 },
  ]
  await writeTar(path, withParents(entries))
  return compressLayer(path, (await measureFile(path)).sha256)
}

test('a layer has every parent folder once, before its contents, without dates', async () => {
  const entries = await readTar((await layer()).path.replace(/\.zst$/, ''))
  expect([...entries.keys()]).toEqual([
    'etc',
    'etc/passwd',
    'tmp',
    'usr',
    'usr/local',
    'usr/local/bin',
    'usr/local/bin/kube-proxy',
  ])
  expect(entries.get('usr/local/bin/kube-proxy')).toMatchObject({
    type: 'file',
    mode: 0o755,
    bytes: Buffer.from('a static binary'),
  })
  expect(entries.get('tmp')).toMatchObject({ type: 'directory', mode: 0o1777 })
  expect(new Set([...entries.values()].map((entry) => entry.mtimeMs))).toEqual(new Set([0]))
})

test('the archive is an OCI layout and a docker archive of the same image, and every digest holds', async () => {
  const made = await layer()
  const spec = {
    reference: 'registry.k8s.io/etcd:3.6.8-0',
    arch: 'amd64',
    layers: [made],
    entrypoint: ['/x'],
    builtFrom: 'y',
  } as const
  const path = join(dir, 'image.tar')
  await writeTar(
    path,
    imageEntries(spec).map((entry) => ({ ...entry, mode: 0o644 })),
  )
  const entries = await readTar(path)
  const json = (name: string) => JSON.parse(entries.get(name)?.bytes.toString() ?? 'null')
  for (const [name, entry] of entries) {
    if (name.startsWith('blobs/'))
      expect(`blobs/sha256/${createHash('sha256').update(entry.bytes).digest('hex')}`).toBe(name)
  }
  const blob = (digest: string) => `blobs/${digest.replace(':', '/')}`
  const [top] = json('index.json').manifests
  expect(top.annotations).toEqual({
    'io.containerd.image.name': spec.reference,
    'org.opencontainers.image.ref.name': '3.6.8-0',
  })
  const manifest = json(blob(top.digest))
  expect(top.size).toBe(entries.get(blob(top.digest))?.bytes.length)
  expect(entries.get(blob(manifest.layers[0].digest))?.bytes).toEqual(await readFile(made.path))
  const config = json(blob(manifest.config.digest))
  expect(config).toMatchObject({ os: 'linux', architecture: 'amd64', config: { Entrypoint: ['/x'] } })
  const tar = zstdDecompressSync(await readFile(made.path))
  expect(config.rootfs.diff_ids).toEqual([`sha256:${createHash('sha256').update(tar).digest('hex')}`])
  expect(json('manifest.json')).toEqual([
    { Config: blob(manifest.config.digest), RepoTags: [spec.reference], Layers: [blob(manifest.layers[0].digest)] },
  ])
})

test('the same input gives the same bytes', async () => {
  const first = await layer()
  const second = await layer()
  expect(second.sha256).toBe(first.sha256)
})
