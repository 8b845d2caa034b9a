import { describe, expect, it } from 'vitest'
import { resolveJump, resolveSshHost, type SshWorld } from '../../src/transport/ssh-config.ts'

function world(files: Record<string, string>, changes: Partial<SshWorld> = {}): SshWorld {
  return {
    home: '/home/ann',
    localUser: 'ann',
    configFiles: ['~/.ssh/config', '/etc/ssh/ssh_config'],
    read: (pattern) => {
      const glob = new RegExp(`^${pattern.replace(/[.]/g, '\\.').replace(/\*/g, '[^/]*')}$`)
      return Object.keys(files)
        .filter((file) => glob.test(file))
        .sort()
        .map((file) => files[file] ?? '')
    },
    ...changes,
  }
}

const mine = (text: string) => world({ '/home/ann/.ssh/config': text })

describe('resolveSshHost', () => {
  it('uses ssh’s own defaults for a host no file names', () => {
    expect(resolveSshHost('node1.example', world({}, { agent: '/run/agent' }))).toEqual({
      name: 'node1.example',
      address: 'node1.example',
      port: 22,
      user: 'ann',
      identityFiles: ['/home/ann/.ssh/id_ed25519', '/home/ann/.ssh/id_ecdsa', '/home/ann/.ssh/id_rsa'],
      identitiesOnly: false,
      agent: '/run/agent',
      hostKeyPolicy: 'ask',
      knownHostsFiles: ['/home/ann/.ssh/known_hosts', '/etc/ssh/ssh_known_hosts'],
      jumps: [],
    })
  })

  it('takes the first value of each keyword, and every IdentityFile', () => {
    const found = resolveSshHost(
      'node1',
      mine(
        'Host node1\n HostName 10.0.0.1\n User one\n IdentityFile ~/a\nHost node*\n user two\n PORT 2200\n IdentityFile %d/b\nHost !node1 *\n User three\n',
      ),
    )
    expect(found).toMatchObject({
      address: '10.0.0.1',
      user: 'one',
      port: 2200,
      identityFiles: ['/home/ann/a', '/home/ann/b'],
    })
  })

  it('reads the system file after the user’s own', () => {
    const both = world({
      '/home/ann/.ssh/config': 'Host a\n User own\n',
      '/etc/ssh/ssh_config': 'Host *\n User system\n Port 2022\n',
    })
    expect(resolveSshHost('a', both)).toMatchObject({ user: 'own', port: 2022 })
  })

  it('lets the caller’s values win', () => {
    expect(resolveSshHost('a', mine('Host a\n User own\n Port 1\n'), { user: 'me', port: 2 })).toMatchObject({
      user: 'me',
      port: 2,
    })
  })

  it('expands tokens where ssh does', () => {
    const found = resolveSshHost(
      'a',
      mine(
        'Host a\n HostName %h.example.org\n User bob\n Port 9\n ProxyCommand nc -x proxy:1080 %h %p %r %n 100%%\n UserKnownHostsFile ~/kh_%r\n',
      ),
    )
    expect(found.address).toBe('a.example.org')
    expect(found.proxyCommand).toBe('nc -x proxy:1080 a.example.org 9 bob a 100%')
    expect(found.knownHostsFiles[0]).toBe('/home/ann/kh_bob')
  })

  it('refuses a token it does not know', () => {
    expect(() => resolveSshHost('a', mine('Host a\n IdentityFile ~/%C\n'))).toThrow(/%C/)
  })

  it.each([
    ['yes', 'strict'],
    ['ask', 'ask'],
    ['accept-new', 'accept-new'],
    ['no', 'accept-new'],
    ['off', 'accept-new'],
  ])('StrictHostKeyChecking %s is %s', (written, policy) => {
    expect(resolveSshHost('a', mine(`StrictHostKeyChecking ${written}`)).hostKeyPolicy).toBe(policy)
  })

  it.each([
    ['IdentityAgent none', undefined],
    ['IdentityAgent SSH_AUTH_SOCK', '/env'],
    ['IdentityAgent ~/agent.sock', '/home/ann/agent.sock'],
    ['', '/env'],
  ])('agent with %j', (line, agent) => {
    expect(resolveSshHost('a', world({ '/home/ann/.ssh/config': line }, { agent: '/env' })).agent).toBe(agent)
  })

  it('includes files, relative to ~/.ssh, with globs, also inside a Host section', () => {
    const found = world({
      '/home/ann/.ssh/config': 'Include conf.d/*\nHost in\n Include ~/inner\n User late\n',
      '/home/ann/.ssh/conf.d/1': 'Host one\n Port 1\n',
      '/home/ann/.ssh/conf.d/2': 'Host two\n Port 2\n',
      '/home/ann/inner': 'Port 77\n',
    })
    expect(resolveSshHost('one', found).port).toBe(1)
    expect(resolveSshHost('two', found).port).toBe(2)
    expect(resolveSshHost('in', found)).toMatchObject({ port: 77, user: 'late' })
    expect(resolveSshHost('out', found)).toMatchObject({ port: 22, user: 'ann' })
  })

  it('survives a file that includes itself', () => {
    expect(resolveSshHost('a', mine('Include config\nHost a\n Port 5\n')).port).toBe(5)
  })

  it('does not run Match exec', () => {
    expect(resolveSshHost('a', mine('Match exec "touch /tmp/provision-must-not-exist"\n User evil\n')).user).toBe('ann')
  })
})

describe('jump hosts', () => {
  const config =
    'Host b1\n HostName 10.0.0.1\n User jumper\n ProxyCommand nc %h %p\nHost b2\n HostName 10.0.0.2\n ProxyJump b1\nHost in\n ProxyJump b2,root@b3:2222\n'

  it('resolves each hop by its own section, and the first through its own jump hosts', () => {
    const { jumps, proxyCommand } = resolveSshHost('in', mine(config))
    expect(jumps.map(({ user, address, port }) => `${user}@${address}:${port}`)).toEqual([
      'jumper@10.0.0.1:22',
      'ann@10.0.0.2:22',
      'root@b3:2222',
    ])
    expect(jumps[0]?.proxyCommand).toBe('nc 10.0.0.1 22')
    expect(proxyCommand).toBeUndefined()
  })

  it('goes straight with none, and takes the one of ProxyJump and ProxyCommand that comes first', () => {
    expect(resolveSshHost('in', mine(`Host in\n ProxyJump none\n${config}`)).jumps).toEqual([])
    const command = resolveSshHost('a', mine('Host a\n ProxyCommand x\n ProxyJump b\n'))
    expect(command).toMatchObject({ proxyCommand: 'x', jumps: [] })
  })

  it('refuses a circle', () => {
    expect(() => resolveSshHost('a', mine('Host a\n ProxyJump b\nHost b\n ProxyJump a\n'))).toThrow(/circle/)
  })

  it.each([
    ['host', 'ann@host:22'],
    ['me@host:99', 'me@host:99'],
    ['ssh://me@host:99', 'me@host:99'],
    ['[fe80::1]:99', 'ann@fe80::1:99'],
  ])('reads %s', (hop, expected) => {
    const { user, address, port } = resolveJump(hop, world({}))
    expect(`${user}@${address}:${port}`).toBe(expected)
  })
})
