import { execFileSync } from 'node:child_process'
import { chmodSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import { proofGround } from '../../src/cluster/proof/proof-objects.ts'
import { nodePeerScript, podPeerScript, readNodeSaid } from '../../src/facts/pod-peer.ts'
import { proofGroundScript } from '../../src/facts/proof-ground.ts'

const MODES = ['ipvs', 'iptables', 'nftables', 'none'] as const
const SERVICE = { namespace: 'provision-prove-a1b2c3', name: 'peer', address: '10.96.7.8', port: 4242, endpoints: 2 }

/** What such programs print: two endpoints of ours, and some of others. */
const PROGRAMS = {
  'iptables-save': `-A KUBE-SEP-A -s 10.244.0.5/32 -m comment --comment "provision-prove-a1b2c3/peer:tcp" -j KUBE-MARK-MASQ
-A KUBE-SEP-A -p tcp -m comment --comment "provision-prove-a1b2c3/peer:tcp" -m tcp -j DNAT --to-destination 10.244.0.5:4242
-A KUBE-SEP-B -p udp -m comment --comment "provision-prove-a1b2c3/peer:udp" -m udp -j DNAT --to-destination 10.244.0.9:4242
-A KUBE-SEP-C -p tcp -m comment --comment "provision-prove-a1b2c3/peer:tcp" -m tcp -j DNAT --to-destination 10.244.1.5:4242
-A KUBE-SEP-D -p tcp -m comment --comment "default/kubernetes:https" -m tcp -j DNAT --to-destination 10.77.0.11:6443`,
  nft: `table ip kube-proxy {
	chain endpoint-5OJB2KTY-provision-prove-a1b2c3/peer/tcp/tcp__10.244.0.5/4242 {
		meta l4proto tcp dnat to 10.244.0.5:4242
	}
	chain endpoint-6OJB2KTY-provision-prove-a1b2c3/peer/udp/udp__10.244.0.9/4242 {
	}
	chain endpoint-7OJB2KTY-provision-prove-a1b2c3/peer/tcp/tcp__10.244.1.5/4242 {
	}
}`,
} as const

let folder: string
beforeAll(() => {
  folder = mkdtempSync(join(tmpdir(), 'pod-peer-'))
  for (const [name, text] of Object.entries(PROGRAMS)) program(name, `cat <<'TEXT'\n${text}\nTEXT`)
})
afterAll(() => rmSync(folder, { recursive: true, force: true }))

function program(name: string, body: string): void {
  writeFileSync(join(folder, name), `#!/bin/sh\n${body}\n`)
  chmodSync(join(folder, name), 0o755)
}

describe.each([['dash'], ['bash', '--posix'], ['busybox', 'sh']])('%s', (shell, ...options) => {
  it.each([
    ...MODES.map((mode) => [mode, nodePeerScript({ ...SERVICE, mode })] as const),
    ['pod', podPeerScript('0b1c-2d')] as const,
    [
      'ground',
      proofGroundScript(
        proofGround({ run: '20261123t000000-a1b2c3', who: "o'x@y", since: 'now', nodes: ['w1'], image: 'i' }),
      ),
    ] as const,
  ])('can read the script: %s', (_name, script) => {
    execFileSync(shell, [...options, '-n'], { input: script })
  })

  it.each(['iptables', 'nftables'] as const)('finds the endpoints of one Service among the rules: %s', (mode) => {
    program('timeout', `echo ${mode}`)
    const script = `mark() { :; }\nprovision_nonce=x\n${nodePeerScript({ ...SERVICE, mode })}`
    // Its own peer ends at once: there is nothing to read.
    const said = execFileSync(shell, [...options, '-c', script], {
      encoding: 'utf8',
      env: { PATH: `${folder}:${process.env.PATH}` },
      stdio: ['ignore', 'pipe', 'inherit'],
    })
    expect(readNodeSaid(said)).toMatchObject({
      proxyMode: mode,
      rules: new Set(['10.244.0.5:4242', '10.244.1.5:4242']),
    })
  })
})

it('says that a pod has no process here', () => {
  const script = `mark() { :; }\nprovision_nonce=x\n${podPeerScript('6e0f3c1a-no-such-pod')}`
  expect(execFileSync('sh', ['-c', script], { encoding: 'utf8' })).toBe('nopod\n')
})
