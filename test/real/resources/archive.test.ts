import { describe, expect, test } from 'vitest'
import { archive } from '../../../src/resources/archive.ts'
import { DownloadPlace } from '../../support/download-place.ts'
import { madeArchive, madeArtifact } from '../../support/made-artifact.ts'
import { resourceLaws } from '../../support/resource-laws.ts'
import { TestHost } from '../../support/test-host.ts'

const tools = await madeArchive(
  'tools',
  `mkdir -p tools/bin 'tools/share/a b'; printf one >tools/bin/one; printf two >tools/bin/two; chmod 755 tools/bin/*; chmod 777 tools/bin/two
  printf text >'tools/share/a b/ü text'; ln -s ../bin/one tools/share/link`,
)
const newer = await madeArchive('tools', 'mkdir -p tools/bin; printf new >tools/bin/one')
const destination = '/opt/tools'

resourceLaws('archive', {
  want: () => [archive({ artifact: tools, destination, strip: 1 })],
  drifts: [
    { name: 'a member changed', script: 'printf x >>/opt/tools/bin/one', says: /bin\/one.*other content/ },
    { name: 'a member removed', script: 'rm /opt/tools/bin/two', says: /bin\/two.*absent/ },
    { name: 'a member with spaces', script: "printf x >'/opt/tools/share/a b/ü text'", says: /ü text.*other content/ },
    { name: 'a mode', script: 'chmod 600 /opt/tools/bin/two', says: /bin\/two.*other mode/ },
    { name: 'an owner', script: 'chown 7 /opt/tools/bin/two', says: /bin\/two.*owner/ },
    { name: 'a link turned', script: 'ln -sf elsewhere /opt/tools/share/link', says: /share\/link.*other content/ },
    { name: 'a file became a link', script: 'ln -sf /etc/passwd /opt/tools/bin/one', says: /bin\/one.*other kind/ },
    {
      name: 'a change with its time put back',
      script: 'touch -r /opt/tools/bin/one /tmp/t; printf uno >/opt/tools/bin/one; touch -r /tmp/t /opt/tools/bin/one',
      says: /bin\/one.*other content/,
    },
  ],
})

describe('unpacking', () => {
  test('gives members to root, takes write bits from others, and leaves the rest of the folder alone', async () => {
    await using host = await TestHost.start()
    await host.sh('mkdir -p /opt/tools/bin; printf mine >/opt/tools/bin/mine')
    await host.up([archive({ artifact: tools, destination, strip: 1 })])
    expect(
      await host.sh(
        'cd /opt/tools; stat -c "%U %a %n" bin/two "share/a b"; cat bin/mine bin/one; readlink share/link; ls -A',
      ),
    ).toBe('root 755 bin/two\nroot 755 share/a b\nmineone../bin/one\nbin\nshare\n')
  })

  test('only the members asked for', async () => {
    await using host = await TestHost.start()
    await host.up([archive({ artifact: tools, destination, strip: 2, members: ['tools/bin/one'] })])
    expect(await host.sh('ls -A /opt/tools')).toBe('one\n')
    const { plan } = await host.plan([archive({ artifact: tools, destination, strip: 1 })])
    expect(plan?.resources[0]?.changes).toMatchObject([{ what: 'members', to: 'all, without 1 leading folders' }])
  })

  test('a member that is not there is named and nothing is put in place', async () => {
    await using host = await TestHost.start()
    const { result } = await host.up([archive({ artifact: tools, destination, members: ['tools/bin/three'] })])
    expect(result.failures[0]?.lines?.join('\n')).toContain('tools/bin/three')
    expect(await host.sh('ls -A /opt/tools')).toBe('')
  })

  test('a newer archive takes the place of an older one', async () => {
    await using host = await TestHost.start()
    await host.up([archive({ artifact: tools, destination, strip: 1 })])
    const { result } = await host.up([archive({ artifact: newer, destination, strip: 1 })])
    expect(result).toMatchObject({ verdict: 'ok', changed: 1 })
    expect(await host.sh('cat /opt/tools/bin/one')).toBe('new')
  })

  test('a full disk leaves every member that is in place whole', async () => {
    await using host = await TestHost.start()
    const big = await madeArchive('big', 'head -c 3000000 /dev/urandom >b; printf small >a')
    await host.sh('mkdir -p /opt/tools && mount -t tmpfs -o size=1m none /opt/tools; printf old >/opt/tools/a')
    const { result } = await host.up([archive({ artifact: big, destination })])
    expect(result.failures[0]).toMatchObject({ trouble: { why: 'a file system of the host is full' } })
    expect(await host.sh('cat /opt/tools/a; ls -A /opt/tools')).toBe('olda\n')
  })

  test('an archive that is no archive says so', async () => {
    await using host = await TestHost.start()
    const { result } = await host.up([archive({ artifact: await madeArtifact('tools', 'no tar'), destination })])
    expect(result.failures[0]?.lines?.join('\n')).toContain('tools v1 could not be unpacked')
  })

  test('devices are refused', async () => {
    await using host = await TestHost.start()
    const { result } = await host.up([archive({ artifact: await madeArchive('pipes', 'mkfifo pipe'), destination })])
    expect(result.failures[0]?.lines?.join('\n')).toContain('it is not unpacked')
  })

  test('from a place the host downloads it from', async () => {
    await using host = await TestHost.start()
    await using place = await DownloadPlace.start(host, tools.path)
    const want = () =>
      archive({ artifact: tools.artifact, from: { urls: [place.url('flipped'), place.url('whole')] }, destination })
    expect((await host.up([want()])).result).toMatchObject({ verdict: 'ok' })
    expect((await host.up([want()])).result).toMatchObject({ changed: 0 })
    expect(await host.sh('cat /opt/tools/tools/bin/one; ls -A /var/lib/provision/blobs')).toBe('one')
  })
})
