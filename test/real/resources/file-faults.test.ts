import { readFile } from 'node:fs/promises'
import { expect, test } from 'vitest'
import { command } from '../../../src/resources/command.ts'
import { file } from '../../../src/resources/file.ts'
import { TestHost } from '../../support/test-host.ts'

const said = (result: {
  failures: readonly { lines?: readonly string[]; trouble: { what: string; why?: string } }[]
}) => JSON.stringify(result.failures)

test('F11: a full disk leaves the old file, no half one, and the next run goes on', async () => {
  await using host = await TestHost.start()
  await host.sh(
    'mkdir /srv/small; mount -t tmpfs -o size=64k,mode=0755 small /srv/small; printf old >/srv/small/x; chmod 0644 /srv/small/x',
  )
  const want = () => [file({ path: '/srv/small/x', content: 'n'.repeat(200_000) })]
  const { result } = await host.up(want())
  expect(result.verdict).toBe('failed')
  expect(said(result)).toMatch(/No space left on device/)
  expect(result.failures[0]?.trouble).toMatchObject({ why: expect.stringMatching(/full/) })
  expect(await host.sh('ls -A /srv/small; cat /srv/small/x')).toBe('x\nold')
  await host.sh('mount -o remount,size=1m /srv/small')
  expect((await host.up(want())).result.verdict).toBe('ok')
  expect(await host.sh('wc -c </srv/small/x')).toBe('200000\n')
})

test('F11: no inodes left', async () => {
  await using host = await TestHost.start()
  await host.sh('mkdir /srv/small; mount -t tmpfs -o nr_inodes=2,mode=0755 small /srv/small; printf old >/srv/small/x')
  const { result } = await host.up([file({ path: '/srv/small/x', content: 'new' })])
  expect(said(result)).toMatch(/No space left on device|could not write the new version/)
  expect(await host.sh('ls -A /srv/small; cat /srv/small/x')).toBe('x\nold')
})

test('F13: a read-only file system is named', async () => {
  await using host = await TestHost.start()
  await host.sh(
    'mkdir /srv/ro; mount -t tmpfs -o mode=0755 ro /srv/ro; printf old >/srv/ro/x; mount -o remount,ro /srv/ro',
  )
  const { result } = await host.up([file({ path: '/srv/ro/x', content: 'new' })])
  expect(result.failures[0]?.trouble.why).toMatch(/read-only/)
})

test('F32: in a folder that belongs to somebody else nothing is written, whatever is swapped under it', async () => {
  await using host = await TestHost.start()
  await host.sh(`install -d -o daemon /srv/u; install -d /srv/u/d; cp /etc/passwd /etc/victim
setpriv --reuid=1 --regid=1 --clear-groups sh -c 'while [ ! -e /srv/u/stop ]; do
  mv /srv/u/d /srv/u/e 2>/dev/null; ln -s /etc /srv/u/d 2>/dev/null; rm -f /srv/u/d; mv /srv/u/e /srv/u/d 2>/dev/null
done' >/dev/null 2>&1 &`)
  const before = await host.sh('sha256sum /etc/victim; ls -A /etc')
  for (let i = 0; i < 15; i++) {
    const { result } = await host.up([file({ path: '/srv/u/d/victim', content: `attempt ${i}` })])
    expect(result.verdict).toBe('failed')
  }
  await host.sh(': >/srv/u/stop')
  expect(await host.sh('sha256sum /etc/victim; ls -A /etc')).toBe(before)
})

test('F32: nor in one that everybody may write to, nor through a link above', async () => {
  await using host = await TestHost.start()
  await host.sh('mkdir /srv/real; ln -s real /srv/alias')
  const { result } = await host.up([file({ path: '/tmp/x', content: 'x' })])
  expect(said(result)).toMatch(/can be written by everybody/)
  expect(await host.sh('ls -A /tmp')).toBe('')
  expect(said((await host.up([file({ path: '/srv/alias/x', content: 'x' })])).result)).toMatch(
    /\/srv\/alias.*is a symbolic link/,
  )
})

test('what lies in the place of the new version is not followed and not overwritten', async () => {
  await using host = await TestHost.start()
  await host.sh('printf precious >/etc/victim; ln -s /etc/victim /srv/.x.provision; ln -s /etc/victim /srv/x')
  expect((await host.up([file({ path: '/srv/x', content: 'new' })])).result.verdict).toBe('ok')
  expect(await host.sh('cat /etc/victim; stat -c %F /srv/x; ls -A /srv')).toBe('preciousregular file\nx\n')
})

test('a version its own check refuses never counts', async () => {
  await using host = await TestHost.start()
  await host.sh('printf old >/srv/x')
  const want = file({
    path: '/srv/x',
    content: 'broken',
    validate: ['sh', '-c', 'printf "line 1: broken\\n"; exit 1', '{}'],
  })
  const { result } = await host.up([want])
  expect(said(result)).toMatch(/line 1: broken.*its own check refuses/)
  expect(await host.sh('cat /srv/x; ls -A /srv')).toBe('oldx\n')
})

test('where something is mounted the file is written in place, and the plan says so', async () => {
  await using host = await TestHost.start()
  await host.sh(
    'printf old >/run/outside; chmod 0644 /run/outside; : >/etc/inside; mount --bind /run/outside /etc/inside',
  )
  const { plan, result } = await host.up([file({ path: '/etc/inside', content: 'new' })])
  expect(plan?.resources[0]?.changes[0]?.disrupts).toMatch(/in place/)
  expect(result.verdict).toBe('ok')
  expect(await host.sh('cat /run/outside')).toBe('new')
})

test('a file somebody changes after the plan is left alone', async () => {
  await using host = await TestHost.start()
  await host.sh('printf old >/srv/x')
  const { result } = await host.up([
    command({ name: 'meddle', run: 'printf meddled >/srv/x; : >/srv/done', creates: '/srv/done' }),
    file({ path: '/srv/x', content: 'new' }),
  ])
  expect(said(result)).toMatch(/no longer what the plan saw/)
  expect(await host.sh('cat /srv/x')).toBe('meddled')
})

test('a folder nobody made is named', async () => {
  await using host = await TestHost.start()
  expect(said((await host.up([file({ path: '/srv/a/b', content: 'x' })])).result)).toMatch(
    /\/srv\/a is not there: a directory resource must make it first/,
  )
})

test('a secret is nowhere but in its place', async () => {
  await using host = await TestHost.start()
  const canary = 'c4n4ry-0f-a-secret'
  const { plan, result } = await host.up([file({ path: '/srv/x', content: canary, secret: true, mode: '0600' })])
  expect(JSON.stringify([plan, result])).not.toContain(canary)
  expect(
    await host.sh(
      `grep -r -l ${canary.slice(0, 9)} / --exclude-dir=proc --exclude-dir=sys --exclude-dir=dev 2>/dev/null || :`,
    ),
  ).toBe(`/run/provision/test/blobs/${(await host.sh("sha256sum /srv/x | cut -d' ' -f1")).trim()}\n/srv/x\n`)
  await host.sh(`printf 'other %s' ${canary} >/srv/x`)
  expect(
    JSON.stringify(await host.plan([file({ path: '/srv/x', content: 'x', secret: true, mode: '0600' })])),
  ).not.toContain(canary)
})

test('a large file arrives whole', async () => {
  await using host = await TestHost.start()
  const bytes = Uint8Array.from({ length: 3_000_000 }, (_, i) => (i * 2_654_435_761) >>> 24)
  expect((await host.up([file({ path: '/srv/large', content: bytes, mode: '0755' })])).result.verdict).toBe('ok')
  expect(Buffer.compare(await readFile(`/proc/${host.pid}/root/srv/large`), bytes)).toBe(0)
})
