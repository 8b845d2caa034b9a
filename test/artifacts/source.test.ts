import { createHash } from 'node:crypto'
import { mkdir, mkdtemp, readdir, readFile, rm, writeFile } from 'node:fs/promises'
import { createServer, type Server, type ServerResponse } from 'node:http'
import type { AddressInfo } from 'node:net'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { gzipSync } from 'node:zlib'
import { afterAll, beforeAll, beforeEach, expect, test } from 'vitest'
import { download } from '../../src/artifacts/download.ts'
import { openSource, urlOf } from '../../src/artifacts/source.ts'
import { DOWNLOADS, type Download } from '../../src/catalog/downloads.ts'
import type { TaskEvent } from '../../src/core/events.ts'
import { writeTar } from '../../src/lab/bundle/image-archive.ts'

const sha256 = (bytes: string | Buffer) => createHash('sha256').update(bytes).digest('hex')
const RUNC = 'runc for real'

let root = ''
let server: Server
let base = ''
let asked: string[] = []
let ranges: string[] = []
let isDeaf = false
const pages = new Map<string, Buffer | 'silence'>()

beforeAll(async () => {
  root = await mkdtemp(join(tmpdir(), 'provision-source-'))
  const tar = join(root, 'plugins.tar')
  const members = ['./bridge', './host-local', './other', '../escape'].map((name) => ({
    name,
    mode: 0o755,
    content: `program ${name}`,
  }))
  await writeTar(tar, members)
  pages.set('/example.test/runc.amd64', Buffer.from(RUNC))
  pages.set('/example.test/plugins.tgz', gzipSync(await readFile(tar)))
  pages.set('/example.test/wrong', Buffer.from('<html>not found</html>'))
  pages.set('/example.test/silence', 'silence')
  server = createServer((request, response) => {
    asked.push(request.url ?? '')
    const page = pages.get(request.url ?? '')
    if (page === undefined) response.writeHead(404).end()
    else if (page === 'silence') response.writeHead(200, { 'content-length': '10' }).write('abc')
    else sendPage(page, request.headers.range, response)
  })
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve))
  base = `http://127.0.0.1:${(server.address() as AddressInfo).port}`
})
afterAll(async () => {
  server.closeAllConnections()
  server.close()
  await rm(root, { recursive: true })
})
beforeEach(() => {
  asked = []
  ranges = []
})

/** As servers do that can begin in the middle; a deaf one cannot. */
function sendPage(page: Buffer, range: string | undefined, response: ServerResponse): void {
  if (range !== undefined) ranges.push(range)
  const start = Number(/^bytes=(\d+)-$/.exec(range ?? '')?.[1] ?? 0)
  if (isDeaf || start === 0) return void response.end(page)
  if (start >= page.byteLength) return void response.writeHead(416).end()
  response.writeHead(206, { 'content-range': `bytes ${start}-${page.byteLength - 1}/${page.byteLength}` })
  response.end(page.subarray(start))
}

function found(path: string, more: Partial<Download>): Download {
  const page = pages.get(`/${path}`)
  const digest = sha256(page instanceof Buffer ? page : '')
  return {
    holds: { runc: 'runc' },
    version: 'v1',
    arch: 'amd64',
    format: 'binary',
    path,
    sha256: digest,
    licence: 'MIT',
    ...more,
  }
}

async function supply(cache: string, downloads: readonly Download[]) {
  const events: TaskEvent[] = []
  const report = (event: { type: string }) => events.push(event as TaskEvent)
  return {
    events,
    ...(await openSource({ kind: 'mirror', url: `${base}/` }, { cacheDir: join(root, cache), report, downloads })),
  }
}

async function text(bytes: AsyncIterable<Uint8Array>): Promise<string> {
  const chunks: Uint8Array[] = []
  for await (const chunk of bytes) chunks.push(chunk)
  return Buffer.concat(chunks).toString()
}

test('a binary is fetched once, whoever asks, and says what it is', async () => {
  const downloads = [found('example.test/runc.amd64', {})]
  const first = await supply('binary', downloads)
  const [file] = await Promise.all([first.artifact('runc', 'amd64'), first.artifact('runc')])
  expect(file.artifact).toMatchObject({
    name: 'runc',
    kind: 'binary',
    sha256: sha256(RUNC),
    size: RUNC.length,
    licence: 'MIT',
  })
  expect(await text(file.open())).toBe(RUNC)
  await (await supply('binary', downloads)).artifact('runc')
  expect(asked).toEqual(['/example.test/runc.amd64'])
  expect(first.events.map((event) => event.state)).toEqual(['start', 'progress', 'ok'])
})

test('members of an archive come out by their artifact names; nothing else of it touches the disk', async () => {
  const holds = { 'cni/bridge': 'bridge', 'cni/host-local': 'host-local' }
  const from = await supply('archive', [found('example.test/plugins.tgz', { holds, format: 'tar.gz' })])
  const files = await Promise.all([from.artifact('cni/bridge'), from.artifact('cni/host-local')])
  expect(await Promise.all(files.map((file) => text(file.open())))).toEqual([
    'program ./bridge',
    'program ./host-local',
  ])
  expect(asked).toHaveLength(1)
  const names = (await readdir(join(root, 'archive'), { recursive: true, withFileTypes: true })).filter((entry) =>
    entry.isFile(),
  )
  expect(names.map((entry) => entry.name).sort()).toEqual(['cni_bridge', 'cni_host-local', 'plugins.tgz'])
  expect(await readdir(root)).not.toContain('escape')
})

test('offers tell hosts where to fetch, and nothing is fetched here before somebody waits for it', async () => {
  const holds = { 'cni/bridge': 'bridge' }
  const from = await supply('offers', [
    found('example.test/plugins.tgz', { holds, format: 'tar.gz' }),
    found('example.test/runc.amd64', { holds, arch: 'arm64' }),
  ])
  const [packed, plain] = await from.offers('cni/bridge')
  expect(packed?.download).toMatchObject({ url: `${base}/example.test/plugins.tgz`, member: 'bridge', arch: 'amd64' })
  expect(plain?.download).not.toHaveProperty('member')
  expect(plain?.download?.sha256).toBe(sha256(RUNC))
  expect(asked).toEqual([])
  const here = await packed?.download?.here.promise
  expect(here?.artifact).toMatchObject({ name: 'plugins.tgz', kind: 'archive', sha256: packed?.download?.sha256 })
  expect(asked).toEqual(['/example.test/plugins.tgz'])
  await expect(from.offers('kubelet')).rejects.toThrow('no release of kubelet is known')
})

test('a download goes on where it was cut off; a server that cannot gives all of it; a spoilt beginning is not kept', async () => {
  const path = join(root, 'resumed', 'runc')
  const part = async (text: string) => {
    await mkdir(join(root, 'resumed'), { recursive: true })
    await writeFile(`${path}.part`, text)
  }
  const fetched = () => download(`${base}/example.test/runc.amd64`, path, { sha256: sha256(RUNC) })
  await part(RUNC.slice(0, 5))
  await fetched()
  expect(ranges).toEqual(['bytes=5-'])
  expect(await readFile(path, 'utf8')).toBe(RUNC)
  await rm(path)
  await part('x'.repeat(RUNC.length + 10))
  await fetched()
  expect(await readFile(path, 'utf8')).toBe(RUNC)
  await rm(path)
  await part('evil')
  await expect(fetched()).rejects.toThrow(/has sha256 [0-9a-f]{64}, expected/)
  await fetched()
  expect(await readdir(join(root, 'resumed'))).toEqual(['runc'])
  await rm(path)
  isDeaf = true
  await part(RUNC.slice(0, 5))
  await fetched()
  isDeaf = false
  expect(await readFile(path, 'utf8')).toBe(RUNC)
})

test('a member the archive lacks is named', async () => {
  const from = await supply('lacking', [
    found('example.test/plugins.tgz', { holds: { ipvlan: 'ipvlan' }, format: 'tar.gz' }),
  ])
  await expect(from.artifact('ipvlan')).rejects.toThrow('plugins.tgz does not hold ipvlan')
})

test('a wrong digest keeps nothing and names both digests', async () => {
  const from = await supply('wrong', [found('example.test/wrong', { sha256: 'a'.repeat(64) })])
  await expect(from.artifact('runc')).rejects.toThrow(
    `${base}/example.test/wrong has sha256 ${sha256('<html>not found</html>')}, expected ${'a'.repeat(64)}`,
  )
  const left = await readdir(join(root, 'wrong'), { recursive: true, withFileTypes: true })
  expect(left.filter((entry) => entry.isFile())).toEqual([])
})

test('after a failure, asking again tries again', async () => {
  const late = found('example.test/late', { sha256: sha256(RUNC) })
  const from = await supply('late', [late])
  await expect(from.artifact('runc')).rejects.toThrow(/could not download/)
  pages.set('/example.test/late', Buffer.from(RUNC))
  expect(await text((await from.artifact('runc')).open())).toBe(RUNC)
})

test('404, nobody there and silence are told apart', async () => {
  const path = join(root, 'never')
  const missing = download(`${base}/nowhere`, path, { sha256: 'x' })
  await expect(missing).rejects.toMatchObject({ trouble: { why: 'the server answered 404 Not Found' } })
  const refused = download('http://127.0.0.1:1/x', path, { sha256: 'x' })
  await expect(refused).rejects.toMatchObject({ trouble: { what: 'could not download http://127.0.0.1:1/x' } })
  const silent = download(`${base}/example.test/silence`, path, { sha256: 'x', silenceMs: 200 })
  await expect(silent).rejects.toMatchObject({ trouble: { why: 'no data for 0.2 s' } })
})

test('what no release holds is refused with what is known', async () => {
  const from = await supply('unknown', [found('example.test/runc.amd64', {})])
  await expect(from.artifact('kubelet')).rejects.toThrow('no release of kubelet is known')
  await expect(from.artifact('runc', 'arm64')).rejects.toThrow('no release of runc for arm64 is known')
})

test('a mirror has the layout of the upstreams below its own address', () => {
  const kubelet = DOWNLOADS.find((each) => 'kubelet' in each.holds && each.arch === 'arm64')
  if (kubelet === undefined) throw new Error('no kubelet')
  const path = 'dl.k8s.io/release/v1.36.3/bin/linux/arm64/kubelet'
  expect(urlOf(kubelet, { kind: 'release' })).toBe(`https://${path}`)
  expect(urlOf(kubelet, { kind: 'mirror', url: 'https://mirror.example/files/' })).toBe(
    `https://mirror.example/files/${path}`,
  )
})

test('both processors have the same releases, each with a digest of its own', () => {
  const names = (arch: string) =>
    DOWNLOADS.filter((each) => each.arch === arch).flatMap((each) => Object.keys(each.holds))
  expect(names('amd64')).toEqual(names('arm64'))
  expect(names('amd64')).toEqual(expect.arrayContaining(['kubelet', 'containerd', 'runc', 'crictl', 'cni/bridge']))
  expect(new Set(DOWNLOADS.map((each) => each.sha256)).size).toBe(DOWNLOADS.length)
})
