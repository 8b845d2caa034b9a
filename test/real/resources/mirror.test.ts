import { execFileSync } from 'node:child_process'
import { mkdtempSync, readFileSync, rmSync } from 'node:fs'
import { createServer } from 'node:http'
import type { AddressInfo } from 'node:net'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterAll, beforeAll, beforeEach, expect, test } from 'vitest'
import { installPrograms } from '../../../playbooks/artifacts.ts'
import { openSource } from '../../../src/artifacts/source.ts'
import type { Download } from '../../../src/catalog/downloads.ts'
import { nodeArtifacts } from '../../../src/cli/node-artifacts.ts'
import type { Node } from '../../../src/cluster/node.ts'
import { DownloadPlace } from '../../support/download-place.ts'
import { madeArchive } from '../../support/made-artifact.ts'
import { TestHost } from '../../support/test-host.ts'

/**
 * From a mirror to programs on a host, through everything in between. The host's loopback is its own: what is served there
 * this computer cannot reach, and the other way round.
 */
const packed = await madeArchive(
  'tools',
  `mkdir bin; for n in one two; do printf '#!/bin/sh\\nprintf %s' $n >bin/$n; done`,
)
const other = await madeArchive(
  'tools',
  `mkdir bin; for n in one two; do printf '#!/bin/sh\\nprintf other' >bin/$n; done`,
)
const native = execFileSync('uname', ['-m'], { encoding: 'utf8' }).trim() === 'aarch64' ? 'arm64' : 'amd64'
const foreign = native === 'amd64' ? 'arm64' : 'amd64'

let cacheDir = ''
let fetched: string[] = []
const server = createServer((request, response) => {
  fetched.push(request.url ?? '')
  response.end(readFileSync(packed.path))
})
let ours = ''
beforeAll(async () => {
  cacheDir = mkdtempSync(join(tmpdir(), 'provision-mirror-'))
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve))
  ours = `http://127.0.0.1:${(server.address() as AddressInfo).port}`
})
afterAll(() => {
  server.close()
  rmSync(cacheDir, { recursive: true })
})

beforeEach(() => {
  fetched = []
  rmSync(join(cacheDir, 'downloads'), { recursive: true, force: true })
})

async function programs(url: string) {
  const common = { version: 'v1', format: 'tar.gz', path: 'file', licence: 'MIT' } as const
  const holds = { one: 'bin/one', two: 'bin/two' }
  const downloads: readonly Download[] = [
    { ...common, holds, arch: foreign, sha256: other.artifact.sha256 },
    { ...common, holds, arch: native, sha256: packed.artifact.sha256 },
  ]
  const supply = await openSource({ kind: 'mirror', url }, { cacheDir, report: () => undefined, downloads })
  const artifacts = nodeArtifacts(supply, { label: 'download', pulls: true, digest: () => undefined })
  const resources = installPrograms({ artifacts } as Node, [
    { name: 'one', path: '/usr/local/bin/one' },
    { name: 'two', path: '/usr/local/bin/two' },
  ])
  await Promise.all(resources.map(({ value }) => value?.promise))
  return resources
}

test('a host fetches the archive for its processor once, and this computer nothing', async () => {
  await using host = await TestHost.start()
  await using place = await DownloadPlace.start(host, packed.path)
  const mirror = place.url('whole').replace('/file', '')
  const { plan } = await host.plan(await programs(mirror))
  expect(plan?.resources.flatMap(({ steps }) => steps.map(({ title }) => title))).toEqual([
    'download one v1',
    'install one v1 as /usr/local/bin/one',
    'download two v1',
    'install two v1 as /usr/local/bin/two',
  ])
  expect((await host.up(await programs(mirror))).result).toMatchObject({ verdict: 'ok', failures: [] })
  expect(await host.sh('one; two')).toBe('onetwo')
  const asked = JSON.parse(await host.sh('curl -s http://127.0.0.1:8080/log')) as string[]
  // The plan and the run each ask for the headers; the file itself comes once, for both programs.
  expect(asked.length).toBe(3)
  expect((await host.up(await programs(mirror))).result).toMatchObject({ changed: 0, unchanged: 2 })
  const after = JSON.parse(await host.sh('curl -s http://127.0.0.1:8080/log')) as string[]
  expect(after).toEqual(asked)
})

test('what only this computer can reach is fetched here once, and sent', async () => {
  await using host = await TestHost.start()
  const { plan } = await host.plan(await programs(ours))
  expect(plan?.resources.map(({ verdict, after }) => [verdict, after])).toEqual([
    ['later', ['download: file']],
    ['later', ['download: file']],
  ])
  expect(JSON.stringify(plan)).toContain('sent through SSH: it cannot fetch from 127.0.0.1')
  expect(fetched).toEqual([])
  expect((await host.up(await programs(ours))).result).toMatchObject({ verdict: 'ok', failures: [] })
  expect(await host.sh('one; two')).toBe('onetwo')
  expect(fetched).toEqual(['/file'])
})

test('where neither can reach it, the host is left as it is and told why', async () => {
  await using host = await TestHost.start()
  const { result } = await host.up(await programs('http://127.0.0.1:99'))
  expect(result.failures[0]?.trouble).toMatchObject({ what: 'could not download http://127.0.0.1:99/file' })
  expect(await host.sh('ls /usr/local/bin')).toBe('')
})
