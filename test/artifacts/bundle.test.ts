import { createHash } from 'node:crypto'
import { mkdir, mkdtemp, rm, truncate, writeFile } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { dirname, join } from 'node:path'
import { gzipSync } from 'node:zlib'
import { afterAll, beforeAll, describe, expect, test } from 'vitest'
import { openBundle, parseBundle } from '../../src/artifacts/bundle.ts'
import { FailedError, InputError } from '../../src/core/errors.ts'
import { withParents, writeTar } from '../../src/lab/bundle/image-archive.ts'

const CONTENT = 'kubelet, really\n'.repeat(100_000)
const kubelet = {
  name: 'kubelet',
  version: 'v1.36.3',
  arch: 'amd64',
  kind: 'binary',
  sha256: createHash('sha256').update(CONTENT).digest('hex'),
  size: CONTENT.length,
  licence: 'Apache-2.0',
  path: 'bin/kubelet',
}
const index = (...artifacts: object[]) => JSON.stringify({ format: 1, artifacts })

let root = ''
beforeAll(async () => {
  root = await mkdtemp(join(tmpdir(), 'provision-bundle-'))
})
afterAll(() => rm(root, { recursive: true }))

async function folder(name: string, files: Readonly<Record<string, string>>): Promise<string> {
  for (const [file, text] of Object.entries(files)) {
    await mkdir(dirname(join(root, name, file)), { recursive: true })
    await writeFile(join(root, name, file), text)
  }
  return join(root, name)
}

async function read(bytes: AsyncIterable<Uint8Array>): Promise<string> {
  const chunks: Uint8Array[] = []
  for await (const chunk of bytes) chunks.push(chunk)
  return Buffer.concat(chunks).toString()
}

async function trouble(work: Promise<unknown>): Promise<InputError | FailedError> {
  const error = await work.then(
    () => undefined,
    (thrown: unknown) => thrown,
  )
  expect(error).toSatisfy((each) => each instanceof InputError || each instanceof FailedError)
  return error as InputError
}

describe('parseBundle refuses', () => {
  test.each([
    ['not JSON', '{', /not JSON/],
    ['another format', JSON.stringify({ format: 2, artifacts: [kubelet] }), /format: must be 1/],
    ['nothing in it', index(), /artifacts/],
    ['a short digest', index({ ...kubelet, sha256: 'abc' }), /artifacts\.0\.sha256: must be 64/],
    ['an upper-case digest', index({ ...kubelet, sha256: kubelet.sha256.toUpperCase() }), /sha256/],
    [
      'a path that leaves the bundle',
      index({ ...kubelet, path: 'bin/../../etc/passwd' }),
      /artifacts\.0\.path: must lie below/,
    ],
    ['an absolute path', index({ ...kubelet, path: '/etc/passwd' }), /path/],
    ['a file at the top', index({ ...kubelet, path: 'bundle.json' }), /path/],
    ['an unknown key', index({ ...kubelet, shasum: 'x' }), /shasum/],
    ['a name with an escape sequence', index({ ...kubelet, name: 'kube\u001b[2Jlet' }), /name/],
    ['a version with a newline', index({ ...kubelet, version: 'v1\nrm' }), /version: must be one line/],
    ['a negative size', index({ ...kubelet, size: -1 }), /size/],
    ['the same thing twice', index(kubelet, { ...kubelet, path: 'bin/other' }), /kubelet for amd64 is listed twice/],
  ])('%s', (_, text, message) => {
    expect(() => parseBundle(text, '/x/bundle.json')).toThrow(InputError)
    expect(() => parseBundle(text, '/x/bundle.json')).toThrow(message)
  })

  test('not the same name for two processors', () => {
    const entries = parseBundle(index(kubelet, { ...kubelet, arch: 'arm64', path: 'bin/arm64/kubelet' }), 'x')
    expect(entries.map((entry) => entry.arch)).toEqual(['amd64', 'arm64'])
  })
})

describe('openBundle', () => {
  test('gives artifacts by name, whose bytes are checked while they are read', async () => {
    const bundle = await openBundle(await folder('good', { 'bundle.json': index(kubelet), 'bin/kubelet': CONTENT }))
    const file = bundle.file('kubelet', 'amd64')
    expect(file.artifact).toEqual(expect.objectContaining({ name: 'kubelet', size: CONTENT.length }))
    expect(file.artifact).not.toHaveProperty('path')
    expect(await read(file.open())).toBe(CONTENT)
  })

  test('reads the same out of an uncompressed tar', async () => {
    const path = join(root, 'bundle.tar')
    const entries = [
      { name: 'bundle.json', mode: 0o644, content: index(kubelet) },
      { name: 'bin/kubelet', mode: 0o755, content: CONTENT },
    ]
    await writeTar(path, withParents(entries))
    const file = (await openBundle(path)).file('kubelet')
    expect(await read(file.open())).toBe(CONTENT)
  })

  test('says what is wrong with a tar it cannot read', async () => {
    const good = join(root, 'bundle.tar')
    const cut = join(root, 'cut.tar')
    await writeFile(join(root, 'small.tar.gz'), gzipSync('x'))
    await writeFile(join(root, 'text.tar'), 'no tar at all'.repeat(100))
    await writeTar(cut, [{ name: 'bundle.json', mode: 0o644, content: index(kubelet) }])
    await truncate(cut, 1024)
    expect((await trouble(openBundle(join(root, 'small.tar.gz')))).message).toMatch(/must not be compressed/)
    expect((await trouble(openBundle(join(root, 'text.tar')))).message).toMatch(/no tar header at byte 0/)
    expect((await trouble(openBundle(cut))).message).toMatch(/no end/)
    expect((await openBundle(good)).artifacts).toHaveLength(1)
  })

  test('a changed byte is found when it is read, and named', async () => {
    const changed = CONTENT.replace('really', 'REALLY')
    const bundle = await openBundle(await folder('changed', { 'bundle.json': index(kubelet), 'bin/kubelet': changed }))
    const error = await trouble(read(bundle.file('kubelet').open()))
    expect(error).toBeInstanceOf(FailedError)
    expect(error.message).toContain(`expected ${kubelet.sha256}`)
    expect(error.trouble.where).toBe(join(root, 'changed/bin/kubelet'))
  })

  test('missing and short files, missing index and missing folder are told apart', async () => {
    const missing = await folder('missing', { 'bundle.json': index(kubelet) })
    const short = await folder('short', { 'bundle.json': index(kubelet), 'bin/kubelet': 'x' })
    const empty = await folder('empty', { 'bin/kubelet': 'x' })
    expect((await trouble(openBundle(missing))).message).toBe('bin/kubelet is missing from the bundle')
    expect((await trouble(openBundle(short))).message).toBe(
      `bin/kubelet has 1 bytes, bundle.json says ${CONTENT.length}`,
    )
    expect((await trouble(openBundle(empty))).message).toMatch(/no bundle\.json/)
    expect((await trouble(openBundle(join(root, 'nowhere')))).message).toMatch(/there is no bundle at/)
  })

  test('an artifact it does not hold is refused with the ones it does', async () => {
    const bundle = await openBundle(join(root, 'good'))
    expect(() => bundle.file('kubeadm')).toThrow(/does not hold kubeadm/)
    expect(() => bundle.file('kubelet', 'arm64')).toThrow(/does not hold kubelet for arm64/)
  })
})
