import { mkdtemp, readdir, readFile, rm } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterEach, beforeEach, describe, expect, test } from 'vitest'
import { imageName } from '../../src/artifacts/image-name.ts'
import { pullImage } from '../../src/artifacts/image-pull.ts'
import { Registry } from '../../src/artifacts/registry.ts'
import { readTarEntry, tarIndex } from '../../src/artifacts/tar-index.ts'
import { ImageRegistry } from '../support/image-registry.ts'

let place: ImageRegistry
let cache = ''
beforeEach(async () => {
  place = await ImageRegistry.start()
  cache = await mkdtemp(join(tmpdir(), 'provision-pull-'))
})
afterEach(async () => {
  await place[Symbol.asyncDispose]()
  await rm(cache, { recursive: true })
})

const registry = (mirrors: Readonly<Record<string, readonly string[]>> = {}) => new Registry({ mirrors })
const pull = (more: object = {}, from = registry()) =>
  pullImage(from, { name: 'tool', reference: place.image, arch: 'amd64', ...more }, cache)

describe('an image', () => {
  test('comes for the wanted processor, in an archive with every blob under its digest', async () => {
    const { artifact, path } = await pull({ arch: 'arm64' })
    expect(artifact).toMatchObject({
      kind: 'image',
      arch: 'arm64',
      version: 'v1',
      licence: 'MIT',
      reference: place.image,
    })
    const index = await tarIndex(path)
    const read = async (name: string) => String(await readTarEntry(path, index, name))
    const { manifests } = JSON.parse(await read('index.json'))
    expect(manifests[0]).toMatchObject({
      platform: { architecture: 'arm64' },
      annotations: { 'io.containerd.image.name': place.image },
    })
    const manifest = JSON.parse(await read(`blobs/${manifests[0].digest.replace(':', '/')}`))
    for (const { digest } of [manifest.config, ...manifest.layers])
      expect(await read(`blobs/${digest.replace(':', '/')}`)).toBe(String(place.blobs.get(digest)))
    expect([...index.keys()].length).toBe(5)
  })

  test('is the same bytes each time', async () => {
    const first = await readFile((await pull()).path)
    await rm(join(cache, 'images'), { recursive: true })
    expect(await readFile((await pull()).path)).toEqual(first)
  })

  test('comes with a token anybody may have, asked for once', async () => {
    place.token = 'secret-of-strangers'
    await pull()
    expect(place.asked.filter((path) => path.startsWith('/token'))).toEqual([
      '/token?service=tests&scope=repository%3Ateam%2Ftool%3Apull',
    ])
  })

  test('goes on where the line broke', async () => {
    const layer = [...place.blobs].find(([, bytes]) => bytes.byteLength === 300_000)?.[0] ?? ''
    place.cut = layer
    await expect(pull()).rejects.toThrow(/could not read the layer sha256/)
    expect(await readdir(join(cache, 'blobs'))).toContain(`${layer.slice(7)}.part`)
    await pull()
    expect(await readFile(join(cache, 'blobs', layer.slice(7)))).toEqual(place.blobs.get(layer))
  })

  test('with other bytes under a digest is refused, naming both', async () => {
    const of = (type: string) => [...place.types].find(([, one]) => one.includes(type))?.[0]
    place.spoilt = of('image.manifest')
    await expect(pull()).rejects.toThrow(new RegExp(`gives sha256:[0-9a-f]{64}, expected ${place.spoilt}`))
    place.spoilt = of('layer')
    const why = expect.stringMatching(`has sha256 [0-9a-f]{64}, expected ${place.spoilt?.slice(7)}`)
    await expect(pull()).rejects.toMatchObject({ trouble: { why } })
    await expect(readdir(join(cache, 'images'))).rejects.toThrow('ENOENT')
  })

  test('that does not exist for a processor is said so', async () => {
    await expect(pull({ arch: 'any' })).rejects.toMatchObject({
      trouble: { what: expect.stringContaining('linux/any'), why: 'it is for linux/amd64, linux/arm64' },
    })
  })

  test('must stand for the digest that is held to', async () => {
    const held = await pull({ digest: place.index })
    expect(held.artifact.kind).toBe('image')
    await expect(pull({ digest: `sha256:${'0'.repeat(64)}` })).rejects.toThrow(/could not read the manifest/)
  })
})

describe('mirrors', () => {
  const reference = 'registry.example/team/tool:v1'

  test('are asked first, in order, and told which registry is meant', async () => {
    const gone = 'http://127.0.0.1:9'
    const file = await pull({ reference }, registry({ 'registry.example': [gone, `${place.url}/`] }))
    expect(file.artifact.reference).toBe(reference)
    expect(place.asked[0]).toBe('/v2/team/tool/manifests/v1?ns=registry.example')
  })

  test('that all fail are all named', async () => {
    place.isDown = true
    await expect(pull({ reference: place.image }, registry({}))).rejects.toMatchObject({
      trouble: { why: expect.stringContaining(`${place.url}: it answered 503`) },
    })
  })
})

test.each([
  ['registry.k8s.io/coredns/coredns:v1.14.2', 'registry.k8s.io', 'coredns/coredns', 'v1.14.2'],
  [`localhost:5000/x@sha256:${'a'.repeat(64)}`, 'localhost:5000', 'x', `sha256:${'a'.repeat(64)}`],
])('%s is a name', (text, host, repository, reference) => {
  expect(imageName(text)).toEqual({ registry: host, repository, reference })
})

test.each([
  'pause',
  'pause:3',
  'k8s.io/pause',
  'https://k8s.io/pause:3',
  'k8s.io/../pause:3',
  'k8s.io/Pause:3',
  'k8s.io/a:b/c',
  '',
])('%j is not the full name of an image', (text) => {
  expect(() => imageName(text)).toThrow('is not the full name of an image')
})
