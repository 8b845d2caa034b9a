import { readFile } from 'node:fs/promises'
import { join } from 'node:path'
import { afterAll, beforeAll, describe, expect, test } from 'vitest'
import { parse } from 'yaml'
import type { Event } from '../../../src/core/events.ts'
import { ETCDCTL } from '../../../src/facts/etcd-members.ts'
import { command } from '../../../src/lab/local/command.ts'
import { type Ended, eventsOf, describe as told } from '../../support/command-line.ts'
import { KUBECTL, MainLab } from '../../support/main-lab.ts'
import { changedAnywhere } from '../../support/outcome.ts'

/** Three API servers and three etcds on a busy computer. */
const UP_MS = 2_400_000
const AGAIN_MS = 600_000

const PLANES = ['cp1', 'cp2', 'cp3']
const ADDRESS = '10.77.0.10'
const KUBECTL_SOON = `${KUBECTL} --request-timeout 10s`
/** What a machine that was off, or whose neighbour was, is waited for; none of it changes anything. */
const WAITS = /^\S+ (kubeadm:init|condition:.*)$/

let lab: MainLab
beforeAll(async () => {
  const wanted = parse(await readFile(join(import.meta.dirname, '../../../inventory/lab-ha.yaml'), 'utf8'))
  lab = await MainLab.open(
    'main-planes',
    ['kubernetes', 'lab', 'hosts'].map((key) => [key, wanted[key]] as const),
  )
})
afterAll(async () => {
  await lab?.[Symbol.asyncDispose]()
})

function up(...options: readonly string[]): Promise<Ended> {
  return lab.cli.json(['up', lab.inventory, '--yes', ...options])
}

/** What a run changed, but for what it only waited for. */
function changedNotWaited(ended: Ended): readonly string[] {
  return changedAnywhere(ended).filter((name) => !WAITS.test(name))
}

/** Those of the hosts on which this ends with status 0. */
async function where(script: string): Promise<readonly string[]> {
  const ends = await Promise.all(
    PLANES.map(async (host) => ({ host, code: (await lab.on(script, 60_000, host)).code })),
  )
  return ends.filter(({ code }) => code === 0).map(({ host }) => host)
}

const CARRIES = `ip -4 -o addr show to ${ADDRESS} | grep -q .`
const LEADS = `curl -s http://127.0.0.1:2381/metrics | grep -q '^etcd_server_is_leader 1'`

/** Members of etcd as this control plane's own says. */
async function members(host: string): Promise<readonly string[]> {
  const list = `${ETCDCTL}\netcdctl member list | cut -d, -f3 | tr -d ' ' | sort`
  return (await lab.sh(list, AGAIN_MS, host)).trim().split('\n')
}

/** The etcd leader, made the one who carries the address as well. */
async function leaderWithAddress(): Promise<string> {
  const [leader = ''] = await where(LEADS)
  const others = PLANES.filter((host) => host !== leader)
  for (const host of others) await lab.sh('systemctl stop keepalived', 60_000, host)
  await lab.sh(`until ${CARRIES}; do sleep 1; done`, 60_000, leader)
  for (const host of others) await lab.sh('systemctl start keepalived', 60_000, host)
  return leader
}

/** Seconds until a client that is no machine of the lab is answered "ok" at the address, from `from` on. */
async function answered(from: number): Promise<number> {
  const ask = `until [ "$(curl -sk --max-time 1 https://${ADDRESS}:8443/readyz)" = ok ]; do sleep 0.1; done`
  const done = await command(lab.lab.inside(['sh', '-c', ask]), { deadlineMs: AGAIN_MS })
  expect(done.code, done.stderr).toBe(0)
  return (performance.now() - from) / 1000
}

// In order: each begins with the machines the one before left.
describe('three control planes and the address they hand to each other', () => {
  test('a control plane whose power fails while it joins, and the run with it', { timeout: UP_MS }, async () => {
    const announced = (event: Event) =>
      event.type === 'output' && event.host === 'cp2' && event.text.includes('new etcd member')
    const running = lab.cli.start(['up', lab.inventory, '--yes', '--json'], {
      onEvent: (event) => {
        if (announced(event)) running.child.kill('SIGKILL')
      },
    })
    const ended = await running.ended
    expect(running.child.signalCode, told(ended)).toBe('SIGKILL')
    await lab.lab.off('cp2')
  })

  test('the same command goes on, and all three are members', { timeout: UP_MS }, async () => {
    const ended = await up()
    expect(ended.code, told(ended)).toBe(0)
    const ready = `${KUBECTL_SOON} -n kube-system get pods -l component=etcd --no-headers -o 'custom-columns=N:.spec.nodeName,R:.status.conditions[?(@.type=="Ready")].status'`
    const ends = (await lab.sh(ready, AGAIN_MS, 'cp3')).replaceAll(/ +/g, ' ')
    expect(ends.split('\n').filter(Boolean).toSorted()).toEqual(PLANES.map((name) => `${name} True`))
    expect(await where(CARRIES)).toHaveLength(1)
    expect(await where(LEADS)).toHaveLength(1)
    // Each kubelet keeps to the API server beside it; people and workers call the address.
    const servers = `sed -n 's/^ *server: //p' /etc/kubernetes/kubelet.conf /etc/kubernetes/admin.conf`
    expect(await lab.sh(servers, AGAIN_MS, 'cp2')).toBe(`https://10.77.0.12:6443\nhttps://${ADDRESS}:8443\n`)
  })

  test('a second run changes nothing, by two channels a host', { timeout: AGAIN_MS }, async () => {
    for (const host of PLANES) await lab.logSessions(host)
    let ended: Ended | undefined
    const sessions = await lab.sessionsOn(PLANES, async () => {
      ended = await up()
    })
    if (!ended) throw new Error('it did not run')
    expect(ended.code, told(ended)).toBe(0)
    expect(changedAnywhere(ended)).toEqual([])
    expect(sessions).toEqual(PLANES.map(() => ({ channels: 2, sftp: 0 })))
  })

  test('one that cannot be reached is named, and changes nothing on the others', { timeout: AGAIN_MS }, async () => {
    await lab.lab.cut('cp3')
    const ended = await up()
    await lab.lab.mend('cp3')
    expect(ended.code, told(ended)).toBe(5)
    const verdicts = eventsOf(ended, 'host').map(({ host, result }) => `${host} ${result.verdict}`)
    expect(verdicts.toSorted()).toEqual(['cp1 ok', 'cp2 ok', 'cp3 unreachable'])
    expect(changedNotWaited(ended)).toEqual([])
  })

  test('the leader is cut off: the API answers again, and its return needs nothing', { timeout: UP_MS }, async () => {
    const leader = await leaderWithAddress()
    const witness = PLANES.find((host) => host !== leader)
    await lab.lab.off(leader)
    const from = performance.now()
    const write = `n=0; until ${KUBECTL_SOON} -n default create configmap after-$n; do n=$((n + 1)); sleep 1; done`
    const [read] = await Promise.all([answered(from), lab.sh(write, AGAIN_MS, witness)])
    const wrote = (performance.now() - from) / 1000
    process.stdout.write(
      `${leader}, which led etcd and carried the address, was cut off: answer after ${read.toFixed(1)} s, first write after ${wrote.toFixed(1)} s\n`,
    )
    await lab.lab.on(leader)
    const ended = await up()
    expect(ended.code, told(ended)).toBe(0)
    expect(changedNotWaited(ended)).toEqual([])
    expect(await where(CARRIES)).toHaveLength(1)
  })

  test('one leaves etcd before it leaves the cluster, is clean, and can be taken in again', {
    timeout: UP_MS,
  }, async () => {
    const ended = await lab.cli.json(['remove', lab.inventory, 'cp3', '--yes'])
    expect(ended.code, told(ended)).toBe(0)
    const done = eventsOf(ended, 'resource').filter(({ result }) => result === 'changed')
    const left = done.map(({ resource }) => resource.key).filter((key) => /^(etcd-member|kube-node):/.test(key))
    expect(left).toEqual(['etcd-member:cp3', 'kube-node:cp3'])
    expect(await members('cp1')).toEqual(['cp1', 'cp2'])
    expect(await lab.nodes()).toBe('cp1 True <none>\ncp2 True <none>')
    expect(
      await lab.sh(`ls -d /etc/kubernetes /var/lib/etcd 2>/dev/null; ${CARRIES} && echo carries; :`, AGAIN_MS, 'cp3'),
    ).toBe('')
    expect(await where(CARRIES)).toHaveLength(1)
    await answered(performance.now())

    const back = await up()
    expect(back.code, told(back)).toBe(0)
    expect(await members('cp1')).toEqual(PLANES)
  })

  test('a first control plane that was installed anew makes no second cluster', { timeout: AGAIN_MS }, async () => {
    await lab.sh('systemctl stop kubelet; mv /etc/kubernetes /root/kept; mkdir /etc/kubernetes', AGAIN_MS, 'cp1')
    const ended = await up('--only', 'cluster')
    await lab.sh('rm -rf /etc/kubernetes; mv /root/kept /etc/kubernetes; systemctl start kubelet', AGAIN_MS, 'cp1')
    expect(ended.code, told(ended)).toBe(3)
    expect(JSON.stringify(eventsOf(ended, 'host'))).toMatch(
      /cp2, cp3 is in a cluster already, and this host would make a second/,
    )
  })
})
