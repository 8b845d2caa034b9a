import { setTimeout as sleep } from 'node:timers/promises'
import { afterAll, beforeAll, describe, expect, test } from 'vitest'
import type { Event } from '../../../src/core/events.ts'
import type { Matrix } from '../../../src/core/matrix.ts'
import { type Ended, eventsOf, describe as told } from '../../support/command-line.ts'
import { KUBECTL, MainLab } from '../../support/main-lab.ts'

const MAKE_MS = 2_400_000
const PROVE_MS = 600_000

let lab: MainLab
beforeAll(async () => {
  lab = await MainLab.standing()
}, MAKE_MS)
afterAll(async () => {
  await lab?.[Symbol.asyncDispose]()
})

function prove(...options: readonly string[]): Promise<Ended> {
  return lab.cli.json(['prove', lab.inventory, ...options])
}

/** `HOST ID` of what is required and not met. */
function unmet(ended: Ended): readonly string[] {
  return verdicts(ended).flatMap(({ host, id, result }) => (result === 'unmet' ? [`${host} ${id}`] : []))
}

function verdicts(ended: Ended) {
  return eventsOf(ended, 'resource').map(({ host, resource, result }) => ({
    ...{ host, result },
    id: resource.key.replace('requirement:', ''),
    evidence: resource.finding?.evidence ?? '',
    fix: resource.finding?.fix ?? '',
  }))
}

function verdict(ended: Ended, host: string, id: string) {
  const found = verdicts(ended).find((each) => each.host === host && each.id === id)
  if (!found) throw new Error(`${host} has no ${id}: ${told(ended)}`)
  return found
}

function matrix(ended: Ended, title: string): Matrix {
  const found = eventsOf(ended, 'measured').flatMap(({ matrices }) => matrices.filter((each) => each.title === title))
  if (!found[0]) throw new Error(`there is no ${title}: ${told(ended)}`)
  return found[0]
}

/** Ways that are not as usual. */
function odd(ended: Ended, title: string): readonly string[] {
  return matrix(ended, title).cells.flatMap(({ from, to, text, tone }) =>
    tone === 'usual' ? [] : [`${from} → ${to} ${text} ${tone}`],
  )
}

/** Breaks the network between lab machines while they run; undefined mends it. */
async function link(from: string, to: string, how: Readonly<Record<string, unknown>> | undefined): Promise<void> {
  await lab.change(['hosts', from, 'lab', 'links', to], how)
  const ended = await lab.cli.run(['lab', 'up', lab.inventory])
  expect(ended.code, told(ended)).toBe(0)
}

async function namespaces(): Promise<readonly string[]> {
  const names = await lab.kubectl('get namespaces -l provision.dev/proof -o name')
  return names.split('\n').filter((line) => line !== '')
}

/** The cluster removes what it was told to in its own time. */
async function nothingIsLeft(): Promise<void> {
  const until = Date.now() + 240_000
  while ((await namespaces()).length > 0 && Date.now() < until) await sleep(2000)
  expect(await namespaces()).toEqual([])
  for (const host of ['cp1', 'w1', 'w2']) {
    const peers = "ps ax -o args | grep -F 'provision_nonce' | grep -v grep || :"
    expect(await lab.sh(peers, PROVE_MS, host), host).toBe('')
  }
}

describe('the network of three nodes, proven', () => {
  test('is all green where all is well, and nothing of it stays', { timeout: PROVE_MS }, async () => {
    const ended = await prove()
    expect(ended.code, told(ended)).toBe(0)
    expect(odd(ended, 'pod to pod, TCP and UDP')).toEqual([])
    expect(matrix(ended, 'pod to pod, biggest packet').cells.map(({ text }) => text)).toEqual(Array(6).fill('1350'))
    for (const host of ['cp1', 'w1', 'w2']) {
      expect(verdict(ended, host, 'pod-services').evidence).toMatch(
        /^24 connections, answered by the pods of 3 of 3 nodes$/,
      )
      expect(verdict(ended, host, 'node-services').evidence).toMatch(/answered by the pods of 3 of 3 nodes$/)
      expect(verdict(ended, host, 'kube-proxy').evidence).toBe(
        'kube-proxy runs in ipvs mode; 3 endpoints in the kernel',
      )
      expect(verdict(ended, host, 'pod-dns').evidence).toMatch(/^\d+ of 50 questions answered, p50 [\d.]+ ms, p99 /)
      expect(verdict(ended, host, 'pod-api').evidence).toMatch(/^TLS answers after/)
    }
    await nothingIsLeft()
  })

  test('names the pair and the direction in which VXLAN is dropped, and the pair with the narrow link', {
    timeout: PROVE_MS,
  }, async () => {
    await link('w1', 'w2', { blocked: ['udp/8472'] })
    await link('w2', 'cp1', { mtu: 1320 })
    const ended = await prove()
    await link('w1', 'w2', undefined)
    await link('w2', 'cp1', undefined)
    expect(ended.code, told(ended)).toBe(4)
    expect(odd(ended, 'pod to pod, TCP and UDP')).toEqual(['w1 → w2 lost bad'])
    expect(unmet(ended).filter((each) => each.endsWith('pod-network'))).toEqual(['w1 pod-network'])
    expect(verdict(ended, 'w1', 'pod-network')).toMatchObject({
      evidence: expect.stringMatching(/^pods on w1 → pods on w2: nothing arrives/),
      fix: expect.stringContaining('udp/8472 from w1 to w2, and that is dropped'),
    })
    expect(verdict(ended, 'w2', 'pod-network').evidence).toBe('2 ways open')
    // 1320 less the 50 of VXLAN.
    expect(odd(ended, 'pod to pod, biggest packet')).toContain('w2 → cp1 1270 bad')
    expect(unmet(ended).filter((each) => each.endsWith('pod-packets'))).toEqual(['w2 pod-packets'])
    expect(verdict(ended, 'w2', 'pod-packets')).toMatchObject({
      evidence: 'full packets of 1350 from pods on w2 to pods on cp1 vanish; 1270 pass',
      fix: expect.stringContaining('write network.mtu: 1270 in the inventory'),
    })
  })

  test('tells a node that does not masquerade from one that lets nothing through', { timeout: PROVE_MS }, async () => {
    // What w1 sends to Services leaves with an address nobody can answer; what comes for pods of w2 goes no further.
    await lab.sh('iptables -t nat -I POSTROUTING -j ACCEPT', PROVE_MS, 'w1')
    await lab.sh('iptables -I FORWARD -i flannel.1 -j DROP', PROVE_MS, 'w2')
    const ended = await prove()
    await lab.sh('iptables -t nat -D POSTROUTING -j ACCEPT', PROVE_MS, 'w1')
    await lab.sh('iptables -D FORWARD -i flannel.1 -j DROP', PROVE_MS, 'w2')
    expect(ended.code, told(ended)).toBe(4)
    expect(odd(ended, 'pod to pod, TCP and UDP')).toEqual(['cp1 → w2 lost bad', 'w1 → w2 lost bad'])
    expect(verdict(ended, 'w1', 'pod-network').fix).toContain('look at FORWARD of w2')
    const node = verdict(ended, 'w1', 'node-services')
    expect(node.result).toBe('unmet')
    expect(node.evidence).toMatch(/^w1 → the Service: \d+ of \d+ connections answered .*never by the pods of .*cp1/)
    // Pods on w1 miss what w2 swallows, and themselves: a pod reaches itself through a Service only under its node's address.
    expect(verdict(ended, 'w1', 'pod-services').evidence).toMatch(/never by the pods of (w1, w2|w2, w1)$/)
  })

  test('killed with -9 it leaves nothing behind either, and the next one sees to that', {
    timeout: PROVE_MS,
  }, async () => {
    const measures = (event: Event) => event.type === 'task' && event.id === 'prove/measure'
    let reached = false
    const killed: { child?: { kill: (signal: 'SIGKILL') => void } } = {}
    const running = lab.cli.start(['prove', lab.inventory, '--json'], {
      onEvent: (event) => {
        if (!measures(event)) return
        reached = true
        killed.child?.kill('SIGKILL')
      },
    })
    killed.child = running.child
    expect((await running.ended).code).toBe(-1)
    expect(reached).toBe(true)
    await nothingIsLeft()
    // As if that machine had lost its power just then.
    const label = 'provision.dev/proof=20261123t000000-abcdef'
    await lab.sh(
      `${KUBECTL} create namespace provision-prove-abcdef && ${KUBECTL} label namespace provision-prove-abcdef ${label}`,
      PROVE_MS,
      'cp1',
    )
    // `up` proves when it is asked to, and makes no objects when it has nothing to do.
    const up = (...options: readonly string[]) => lab.cli.json(['up', lab.inventory, ...options])
    const isProof = (ended: Ended) => eventsOf(ended, 'task').some(({ id }) => id === 'prove')
    const notices = (ended: Ended) => eventsOf(ended, 'notice').map(({ text }) => text)
    const idle = await up('--yes')
    expect([idle.code, isProof(idle)], told(idle)).toEqual([0, false])
    const dry = await up('--dry-run', '--prove')
    expect([dry.code, isProof(dry)], told(dry)).toEqual([0, false])
    expect(notices(dry)).toContainEqual(expect.stringMatching(/^at the end/))
    const asked = await up('--yes', '--prove')
    expect([asked.code, isProof(asked)], told(asked)).toEqual([0, true])
    expect(notices(asked)).toContain('removed provision-prove-abcdef, which an earlier proof had left behind')
    await nothingIsLeft()
  })
})
