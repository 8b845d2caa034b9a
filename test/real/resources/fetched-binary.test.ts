import { execFileSync } from 'node:child_process'
import { readFile } from 'node:fs/promises'
import { dirname } from 'node:path'
import { describe, expect, test } from 'vitest'
import type { HostDownload } from '../../../src/artifacts/offer.ts'
import { Value } from '../../../src/core/value.ts'
import { byArch } from '../../../src/resources/by-arch.ts'
import { fetchedBinary } from '../../../src/resources/fetched-binary.ts'
import { DownloadPlace } from '../../support/download-place.ts'
import { madeArtifact } from '../../support/made-artifact.ts'
import { resourceLaws } from '../../support/resource-laws.ts'
import { TestHost } from '../../support/test-host.ts'

const path = '/usr/local/bin/tool'
const plain = await madeArtifact('tool', `#!/bin/sh\nprintf hello\n#${'x'.repeat(2_000_000)}\n`)
const packed = await madeArtifact('tool.tar.gz', packedTool(), 'archive')
const native = execFileSync('uname', ['-m'], { encoding: 'utf8' }).trim() === 'aarch64' ? 'arm64' : 'amd64'

/** Two programs below `./bin`, as some projects pack them; the bytes do not squeeze. */
function packedTool(): Buffer {
  const script = `mkdir bin && printf '#!/bin/sh\\nprintf packed\\n' >bin/tool && printf '#!/bin/sh\\nprintf second\\n' >bin/second
head -c 300000 /dev/urandom >bin/other && tar -cz ./bin`
  return execFileSync('sh', ['-c', `cd "$(mktemp -d)" && ${script}`], { maxBuffer: 1e7 })
}

function download(url: string, member?: string): HostDownload {
  const { artifact } = member === undefined ? plain : packed
  const { name, version, sha256 } = { ...artifact, name: 'tool' }
  const here = new Value('download: tool', async () => (member === undefined ? plain : packed))
  return { name, version, arch: native, sha256, url, here, ...(member === undefined ? {} : { member }) }
}

const changesOf = ({ plan }: Awaited<ReturnType<TestHost['plan']>>) =>
  plan?.resources.flatMap(({ changes }) => changes.map(({ to }) => to)).join('\n') ?? ''

resourceLaws('fetched-binary', {
  start: async (shell) => {
    const host = await TestHost.start(shell)
    await host.put('/opt/tool.tar.gz', await readFile(packed.path))
    await host.put('/opt/tool', await readFile(plain.path))
    return host
  },
  want: () => [
    fetchedBinary({ download: download('file:///opt/tool'), path }),
    fetchedBinary({ download: download('file:///opt/tool.tar.gz', 'bin/tool'), path: '/usr/local/bin/packed' }),
    fetchedBinary({ download: download('file:///opt/tool.tar.gz', 'bin/second'), path: '/usr/local/bin/second' }),
  ],
  drifts: [
    { name: 'removed', script: `rm ${path}`, says: /absent.*fetched by the host/ },
    { name: 'content of what was packed', script: 'printf x >>/usr/local/bin/packed', says: /content/ },
    { name: 'its stamp lost', script: 'rm -r /var/lib/provision/stamps/files', says: /of the archive with sha256/ },
    { name: 'mode', script: 'chmod 700 /usr/local/bin/second', says: /0700.*0755/ },
  ],
})

describe.each(['curl', 'wget', 'busybox wget'])('a host with %s', (tool) => {
  async function arranged(file: string) {
    const host = await TestHost.start()
    if (tool !== 'curl') await host.sh('rm /usr/bin/curl')
    if (tool === 'busybox wget') await host.sh('rm /usr/bin/wget; ln -s busybox /usr/bin/wget')
    return { host, place: await DownloadPlace.start(host, file) }
  }

  test('fetches by itself, says so, and has nothing to do then', async () => {
    const { host, place } = await arranged(packed.path)
    await using _h = host
    await using _p = place
    const want = () => [
      fetchedBinary({ download: download(place.url('whole'), 'bin/tool'), path }),
      fetchedBinary({ download: download(place.url('whole'), 'bin/second'), path: '/usr/local/bin/second' }),
    ]
    const planned = await host.plan(want())
    expect(changesOf(planned)).toMatch(/fetched by the host from 127\.0\.0\.1:8080/)
    expect((await host.up(want())).result).toMatchObject({ verdict: 'ok', failures: [] })
    expect(await host.sh(`${path}; /usr/local/bin/second`)).toBe('packedsecond')
    expect((await host.up(want())).result).toMatchObject({ changed: 0, unchanged: 2 })
  })

  test('goes on where the server broke off', async () => {
    const { host, place } = await arranged(plain.path)
    await using _h = host
    await using _p = place
    const want = () => [fetchedBinary({ download: download(place.url('cut')), path })]
    await host.up(want())
    if ((await host.up(want())).result.verdict !== 'ok') await host.up(want())
    expect(await host.sh(path)).toBe('hello')
  })

  test('keeps the old file where the bytes are wrong, and names both digests', async () => {
    const { host, place } = await arranged(plain.path)
    await using _h = host
    await using _p = place
    await host.sh(`printf old >${path}`)
    const { result } = await host.up([fetchedBinary({ download: download(place.url('flipped')), path })])
    const lines = result.failures[0]?.lines?.join('\n') ?? ''
    expect(lines).toContain(`expected ${plain.artifact.sha256}`)
    expect(lines).toMatch(/tool v1 from \S+flipped\S+ is not what it should be.*received [0-9a-f]{64}/s)
    expect(await host.sh(`cat ${path}; ls /var/lib/provision/blobs`)).toBe('old')
    const again = await host.up([fetchedBinary({ download: download(place.url('whole')), path })])
    expect(again.result).toMatchObject({ verdict: 'ok' })
  })

  test('gets it through SSH where it cannot reach the place', async () => {
    const { host, place } = await arranged(packed.path)
    await using _h = host
    await using _p = place
    const want = (way: string) => [fetchedBinary({ download: download(way, 'bin/tool'), path })]
    for (const way of ['http://127.0.0.1:9/tool', place.url('down')]) {
      const planned = await host.plan(want(way))
      expect(changesOf(planned)).toMatch(/sent through SSH: it cannot fetch from 127\.0\.0\.1:\d+: \w+/)
      expect(planned.plan?.resources[0]?.steps.map(({ title }) => title)).not.toContain('download tool v1')
    }
    expect((await host.up(want('http://127.0.0.1:9/tool'))).result).toMatchObject({ verdict: 'ok', failures: [] })
    expect(await host.sh(path)).toBe('packed')
    // The way it came is no part of what it is.
    expect((await host.up(want(place.url('whole')))).result).toMatchObject({ changed: 0 })
  })
})

test('a host with neither curl nor wget gets it through SSH, and only then is it downloaded here', async () => {
  await using host = await TestHost.start()
  await host.sh('rm /usr/bin/curl /usr/bin/wget')
  let fetched = 0
  const here = new Value('download: tool', async () => {
    fetched++
    return plain
  })
  const want = () => [fetchedBinary({ download: { ...download('http://127.0.0.1:9/tool'), here }, path })]
  expect(changesOf(await host.plan(want()))).toContain('sent through SSH: it has neither curl nor wget')
  expect(fetched).toBe(0)
  expect((await host.up(want())).result).toMatchObject({ verdict: 'ok', failures: [] })
  expect(fetched).toBe(1)
  expect(await host.sh(path)).toBe('hello')
})

test('an archive without the wanted program leaves the old one', async () => {
  await using host = await TestHost.start()
  await host.put('/opt/tool.tar.gz', await readFile(packed.path))
  await host.sh(`printf old >${path}`)
  const want = fetchedBinary({ download: download('file:///opt/tool.tar.gz', 'bin/none'), path })
  const { result } = await host.up([want])
  expect(result.failures[0]?.lines?.join('\n')).toContain('does not hold bin/none')
  expect(await host.sh(`cat ${path}; ls -A ${dirname(path)}`)).toBe('oldtool\n')
})

describe('a program for each kind of processor', () => {
  const offers = (arches: readonly ('amd64' | 'arm64')[]) =>
    arches.map((arch) => ({ arch, download: { ...download(`file:///opt/${arch}`), arch } }))
  const want = (arches: readonly ('amd64' | 'arm64')[]) =>
    byArch('tool', offers(arches), ({ download }) => fetchedBinary({ download: download as HostDownload, path }))

  test('the one of the host is taken', async () => {
    await using host = await TestHost.start()
    await host.put(`/opt/${native}`, await readFile(plain.path))
    expect((await host.up([want(['amd64', 'arm64'])])).result).toMatchObject({ verdict: 'ok', failures: [] })
    expect((await host.up([want(['amd64', 'arm64'])])).result).toMatchObject({ changed: 0 })
    expect(await host.sh(path)).toBe('hello')
  })

  test('another kind of machine is told so, and left alone', async () => {
    await using host = await TestHost.start()
    await host.sh(`printf '#!/bin/sh\\nprintf riscv64\\n' >/usr/local/bin/uname; chmod 755 /usr/local/bin/uname`)
    const { result } = await host.up([want(['amd64', 'arm64'])])
    expect(result.failures[0]?.trouble).toMatchObject({
      what: 'there is no tool for riscv64, the processor of this host',
      why: 'there is one for amd64, arm64',
    })
  })
})
