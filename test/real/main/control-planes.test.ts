import { type ChildProcess, spawn } from 'node:child_process'
import { once } from 'node:events'
import { join } from 'node:path'
import { afterAll, beforeAll, describe, expect, test } from 'vitest'
import { type Ended, eventsOf, describe as told } from '../../support/command-line.ts'
import { MainLab } from '../../support/main-lab.ts'

/** Three API servers and three etcds on a busy computer. */
const UP_MS = 2_400_000
const AGAIN_MS = 600_000

const BALANCER = join(import.meta.dirname, '../../support/balancer.ts')
const PLANE = { roles: ['control-plane', 'worker'] }
const PLANES = ['cp1', 'cp2', 'cp3']
const KUBECTL = '/usr/local/bin/kubectl --kubeconfig /etc/kubernetes/admin.conf --request-timeout 20s'

let lab: MainLab
let balancer: ChildProcess | undefined
beforeAll(async () => {
  lab = await MainLab.open('main-planes', [
    ['lab.memory', '3G'],
    // The lab's own end of its network: a balancer that is no node.
    ['kubernetes.controlPlaneEndpoint', '10.77.0.1:6443'],
    ['hosts', Object.fromEntries(PLANES.map((name) => [name, PLANE]))],
  ])
  const made = await lab.cli.run(['lab', 'up', lab.inventory])
  expect(made.code, told(made)).toBe(0)
  const [program = '', ...args] = lab.lab.inside([
    process.execPath,
    BALANCER,
    '6443',
    ...[11, 12, 13].map((last) => `10.77.0.${last}:6443`),
  ])
  balancer = spawn(program, args, { stdio: ['ignore', 'pipe', 'inherit'] })
  if (balancer.stdout) await once(balancer.stdout, 'data')
}, 300_000)
afterAll(async () => {
  balancer?.kill()
  await lab?.[Symbol.asyncDispose]()
})

function up(...options: readonly string[]): Promise<Ended> {
  return lab.cli.json(['up', lab.inventory, '--yes', ...options])
}

function changed(ended: Ended): readonly string[] {
  return eventsOf(ended, 'resource')
    .filter(({ result }) => result === 'changed')
    .map(({ host, resource }) => `${host} ${resource.key}`)
}

// In order: each begins with the machines the one before left.
describe('three control planes behind a balancer', () => {
  test('the second and third join the first, one after the other', { timeout: UP_MS }, async () => {
    const ended = await up()
    expect(ended.code, told(ended)).toBe(0)
    const members = await lab.sh(
      `${KUBECTL} -n kube-system get pods -l component=etcd --no-headers -o custom-columns=N:.spec.nodeName`,
      AGAIN_MS,
      'cp3',
    )
    expect(members.split('\n').filter(Boolean).toSorted()).toEqual(PLANES)
  })

  test('a second run changes nothing', { timeout: AGAIN_MS }, async () => {
    const ended = await up()
    expect(ended.code, told(ended)).toBe(0)
    expect(changed(ended)).toEqual([])
  })

  test('the API answers without the first, whose return needs nothing', { timeout: UP_MS }, async () => {
    await lab.lab.off('cp1')
    const began = performance.now()
    const ready = await lab.on(
      `until [ "$(${KUBECTL} get --raw /readyz 2>/dev/null)" = ok ]; do sleep 1; done`,
      AGAIN_MS,
      'cp2',
    )
    expect(ready.code, ready.stderr).toBe(0)
    process.stdout.write(
      `the API answered ${Math.round((performance.now() - began) / 1000)} s after its first control plane was cut off\n`,
    )
    await lab.lab.on('cp1')
    const ended = await up()
    expect(ended.code, told(ended)).toBe(0)
    const waits = / (kubeadm:init|condition:.*)$/
    expect(changed(ended).filter((key) => !waits.test(key))).toEqual([])
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
