import { readFile } from 'node:fs/promises'
import { describe, expect, test } from 'vitest'
import type { BinaryWant } from '../../../src/resources/binary.ts'
import { binary } from '../../../src/resources/binary.ts'
import { DownloadPlace } from '../../support/download-place.ts'
import { madeArtifact } from '../../support/made-artifact.ts'
import { resourceLaws } from '../../support/resource-laws.ts'
import { TestHost } from '../../support/test-host.ts'

const program = await madeArtifact('tool', `#!/bin/sh\nprintf hello\n#${'x'.repeat(2_000_000)}\n`)
const other = await madeArtifact('tool', '#!/bin/sh\nprintf other\n')
const path = '/usr/local/bin/tool'

resourceLaws('binary', {
  want: () => [binary({ artifact: program, path })],
  drifts: [
    { name: 'removed', script: `rm ${path}`, says: /absent/ },
    { name: 'content', script: `printf x >>${path}`, says: /content/ },
    {
      name: 'content with its time put back',
      script: `touch -r ${path} /tmp/t; printf y | dd of=${path} bs=1 conv=notrunc 2>/dev/null; touch -r /tmp/t ${path}`,
      says: /content/,
    },
    { name: 'mode', script: `chmod 700 ${path}`, says: /0700.*0755/ },
    { name: 'owner', script: `chown 7:7 ${path}`, says: /owner.*7:7/ },
    { name: 'a link in its place', script: `mv ${path} /opt/tool; ln -s /opt/tool ${path}`, says: /a link/ },
  ],
})

describe('what a look costs', () => {
  test('a stamped file is not read again', async () => {
    await using host = await TestHost.start()
    await host.up([binary({ artifact: program, path })])
    await host.sh(`printf '#!/bin/sh\\nprintf x >>/tmp/summed; exec /usr/bin/sha256sum.real "$@"' >/tmp/s; chmod 755 /tmp/s
mv /usr/bin/sha256sum /usr/bin/sha256sum.real; mv /tmp/s /usr/bin/sha256sum`)
    expect((await host.up([binary({ artifact: program, path })])).result).toMatchObject({ unchanged: 1 })
    expect(await host.sh('cat /tmp/summed 2>/dev/null || :')).toBe('')
    await host.sh(`chmod 700 ${path}`)
    await host.plan([binary({ artifact: program, path })])
    expect(await host.sh('cat /tmp/summed')).toBe('x')
  })
})

describe('faults of an upload', () => {
  test('a full disk leaves the old file and nothing else', async () => {
    await using host = await TestHost.start()
    await host.sh(`mkdir -p /opt/small && mount -t tmpfs -o size=1m none /opt/small`)
    const at = '/opt/small/tool'
    await host.up([binary({ artifact: other, path: at })])
    const { result } = await host.up([binary({ artifact: program, path: at })])
    expect(result.failures[0]).toMatchObject({ trouble: { why: 'a file system of the host is full' } })
    expect(await host.sh(`sh ${at}; ls -A /opt/small`)).toBe('othertool\n')
  })

  test('staged bytes that were changed on the host are refused, with file and both digests', async () => {
    await using host = await TestHost.start()
    await host.up([binary({ artifact: other, path })])
    const bad = {
      ...program,
      async *open() {
        yield Buffer.from('evil')
      },
    }
    const { result } = await host.up([binary({ artifact: bad, path })])
    const lines = result.failures[0]?.lines?.join('\n')
    expect(lines).toContain(path)
    expect(lines).toContain(program.artifact.sha256)
    expect(await host.sh(`sh ${path}`)).toBe('other')
  })

  test('a folder in its place is left alone', async () => {
    await using host = await TestHost.start()
    await host.sh(`mkdir -p ${path}/x`)
    const { result } = await host.up([binary({ artifact: program, path })])
    expect(result.failures[0]?.trouble.what).toContain(`${path} is a folder`)
  })
})

describe.each(['curl', 'wget', 'busybox wget'])('downloads with %s', (tool) => {
  async function arranged() {
    const host = await TestHost.start()
    if (tool !== 'curl')
      await host.sh('rm /usr/bin/curl.hidden 2>/dev/null; cp /usr/bin/curl /tmp/curl; rm /usr/bin/curl')
    if (tool === 'busybox wget') await host.sh('rm /usr/bin/wget; ln -s busybox /usr/bin/wget')
    const place = await DownloadPlace.start(host, program.path)
    const want = (...ways: string[]): BinaryWant => ({
      artifact: program.artifact,
      from: { urls: ways.map((way) => place.url(way)) },
      path,
    })
    const asked = async () => JSON.parse(await host.sh('PATH=$PATH:/tmp curl -s http://127.0.0.1:8080/log')) as string[]
    return { host, place, want, asked }
  }

  test('installs, keeps no second copy, then has nothing to do', async () => {
    const { host, place, want } = await arranged()
    await using _h = host
    await using _p = place
    expect((await host.up([binary(want('whole'))])).result).toMatchObject({ verdict: 'ok', failures: [] })
    expect(await host.sh(`${path}; ls -A /var/lib/provision/blobs`)).toBe('hello')
    expect((await host.up([binary(want('whole'))])).result).toMatchObject({ changed: 0 })
  })

  test('a wrong file is refused by name and digests, and the next mirror is tried', async () => {
    const { host, place, want, asked } = await arranged()
    await using _h = host
    await using _p = place
    await host.up([binary({ artifact: other, path })])
    const { result } = await host.up([binary(want('flipped', 'down', 'short'))])
    const lines = result.failures[0]?.lines?.join('\n') ?? ''
    expect(lines).toMatch(/tool v1 from http\S+flipped\S+ is not what it should be/)
    expect(lines).toContain(`expected ${program.artifact.sha256}`)
    expect(lines).toMatch(/received [0-9a-f]{64}/)
    expect(await host.sh(`sh ${path}`)).toBe('other')
    expect((await host.up([binary(want('flipped', 'whole'))])).result).toMatchObject({ verdict: 'ok' })
    expect((await asked()).slice(0, 3).map((line) => line.split(' ')[0])).toEqual(['flipped', 'down', 'short'])
    expect(await host.sh(path)).toBe('hello')
  })

  test('a download that was cut off is gone on with', async () => {
    const { host, place, want, asked } = await arranged()
    await using _h = host
    await using _p = place
    await host.up([binary(want('cut'))])
    expect((await host.up([binary(want('cut'))])).result).toMatchObject({ verdict: 'ok' })
    expect(await host.sh(path)).toBe('hello')
    expect(await asked()).toContainEqual(expect.stringMatching(/^cut bytes=\d+-$/))
  })

  test('a bad beginning does not spoil the next run', async () => {
    const { host, place, want } = await arranged()
    await using _h = host
    await using _p = place
    await host.sh(
      `mkdir -p /var/lib/provision/blobs; printf garbage >/var/lib/provision/blobs/${program.artifact.sha256}.part`,
    )
    expect((await host.up([binary(want('whole'))])).result).toMatchObject({ verdict: 'ok' })
    expect(await host.sh(path)).toBe('hello')
  })

  test('a place that is down costs nothing of what is there already', async () => {
    const { host, place, want, asked } = await arranged()
    await using _h = host
    await using _p = place
    const part = `/var/lib/provision/blobs/${program.artifact.sha256}.part`
    await host.put(part, (await readFile(program.path)).subarray(0, 5000))
    await host.up([binary(want('down'))])
    expect((await host.up([binary(want('whole'))])).result).toMatchObject({ verdict: 'ok' })
    expect((await asked()).at(-1)).toBe('whole bytes=5000-')
  })

  test('a full disk is said to be full', async () => {
    const { host, place, want } = await arranged()
    await using _h = host
    await using _p = place
    await host.sh('mkdir -p /var/lib/provision/blobs; mount -t tmpfs -o size=1m none /var/lib/provision/blobs')
    const { result } = await host.up([binary(want('whole', 'whole'))])
    expect(result.failures[0]).toMatchObject({ trouble: { why: 'a file system of the host is full' } })
  })

  test('a place that ignores ranges works too', async () => {
    const { host, place, want } = await arranged()
    await using _h = host
    await using _p = place
    await host.sh(
      `mkdir -p /var/lib/provision/blobs; head -c 1000 /dev/zero >/var/lib/provision/blobs/${program.artifact.sha256}.part`,
    )
    expect((await host.up([binary(want('deaf'))])).result).toMatchObject({ verdict: 'ok' })
    expect(await host.sh(path)).toBe('hello')
  })
})

test('a host with neither curl nor wget says so', async () => {
  await using host = await TestHost.start()
  await host.sh('rm /usr/bin/curl /usr/bin/wget')
  const { result } = await host.up([
    binary({ artifact: program.artifact, from: { urls: ['http://127.0.0.1:1/x'] }, path }),
  ])
  expect(result.failures[0]?.lines?.join('\n')).toContain('neither curl nor wget')
})
