import { readFile, stat } from 'node:fs/promises'
import { join } from 'node:path'
import { afterAll, beforeAll, describe, expect, test } from 'vitest'
import type { HostPlan } from '../../../src/core/plan.ts'
import { type Ended, eventsOf, planOf, describe as told } from '../../support/command-line.ts'
import {
  COUNTERS,
  changedPaths,
  differing,
  isBelow,
  isFolder,
  LOGIN_TRACES,
  readTrace,
  TRACE_SCRIPT,
  type Trace,
} from '../../support/host-trace.ts'
import { MainLab } from '../../support/main-lab.ts'

/** From nothing to a proven cluster on a busy computer. */
const UP_MS = 1_800_000
const AGAIN_MS = 300_000

let lab: MainLab
beforeAll(async () => {
  lab = await MainLab.open('main-one-node')
})
afterAll(async () => {
  await lab?.[Symbol.asyncDispose]()
})

async function trace(): Promise<Trace> {
  return readTrace(await lab.sh(TRACE_SCRIPT))
}

function up(...options: readonly string[]): Promise<Ended> {
  return lab.cli.json(['up', lab.inventory, ...options])
}

function resultOf(ended: Ended) {
  const [host] = eventsOf(ended, 'host')
  return host?.result
}

/** `up` that must find everything as it should be. */
async function expectNothingToDo(): Promise<Ended> {
  const ended = await up('--yes')
  expect(ended.code, told(ended)).toBe(0)
  expect(resultOf(ended)).toMatchObject({ verdict: 'ok', changed: 0, failed: 0, skipped: 0, unmet: 0 })
  return ended
}

/** Keys of resources a run changed. */
function changedKeys(ended: Ended): readonly string[] {
  return eventsOf(ended, 'resource')
    .filter(({ result }) => result === 'changed')
    .map(({ resource }) => resource.key)
}

// In order: each begins with the machine the one before left.
describe('one machine, from nothing to a proven cluster', () => {
  test('a dry run before there is a machine makes none and says so', async () => {
    const ended = await up('--dry-run')
    expect(ended.code, told(ended)).toBe(0)
    expect(eventsOf(ended, 'notice').map(({ text }) => text)).toContainEqual(
      expect.stringMatching(/lab1 does not exist yet: it would be a uml machine/),
    )
    expect(planOf(ended).resources.every(({ verdict }) => verdict === 'later')).toBe(true)
    expect(await lab.lab.list()).toEqual([])
    await expect(stat(lab.cli.stateDir)).rejects.toThrow('ENOENT')
  })

  test('a dry run of a bare machine leaves no trace on it', { timeout: AGAIN_MS }, async () => {
    const made = await lab.cli.run(['lab', 'up', lab.inventory])
    expect(made.code, told(made)).toBe(0)
    await lab.logSessions()
    const before = await trace()
    let ended: Ended | undefined
    const sessions = await lab.sessionsDuring(async () => {
      ended = await up('--dry-run')
    })
    const after = await trace()
    if (!ended) throw new Error('it did not run')
    expect(ended.code, told(ended)).toBe(0)
    expect(planOf(ended).resources.filter(({ verdict }) => verdict === 'change').length).toBeGreaterThan(10)
    expect(sessions).toEqual({ channels: 1, sftp: 0 })
    const touched = differing(before, after).filter(
      (name) => !COUNTERS.test(name) && !isBelow(name, LOGIN_TRACES) && name !== '/run',
    )
    // Nearest folder that is there to the one etcd will have: fsync was measured in it, and its times put back. Nobody can
    // put back the time of the last change of an inode.
    expect(touched.filter((name) => withoutChangeTime(before, name) !== withoutChangeTime(after, name))).toEqual([])
    expect(touched.filter((name) => name !== '/var/lib')).toEqual([])
  })

  test('up ends with the proof, and changes what its plan named and nothing else', { timeout: UP_MS }, async () => {
    const before = await trace()
    const ended = await up('--yes')
    expect(ended.code, told(ended)).toBe(0)
    const proof = eventsOf(ended, 'resource').filter(({ resource }) => resource.section === 'Prove')
    expect(proof.map(({ resource, result }) => [resource.key, result])).toEqual([
      ['condition:kube-proxy', expect.stringMatching(/^(un)?changed$/)],
      ['condition:ipvs', expect.stringMatching(/^(un)?changed$/)],
      ['condition:cluster-dns', expect.stringMatching(/^(un)?changed$/)],
    ])
    expectSamePaths(planOf(ended), before, await trace())
  })

  test('the kubeconfig is for the operator alone, and names the cluster', async () => {
    const path = join(lab.cli.home, '.kube/main-one-node.kubeconfig')
    expect(((await stat(path)).mode & 0o777).toString(8)).toBe('600')
    expect(await readFile(path, 'utf8')).toContain('https://10.77.0.11:6443')
  })

  test('up again changes nothing, restarts nothing and opens two channels at most', { timeout: AGAIN_MS }, async () => {
    const before = [await configuration(), await unitTimes()]
    const sessions = await lab.sessionsDuring(expectNothingToDo)
    expect(sessions.channels).toBeLessThanOrEqual(2)
    expect(sessions.sftp).toBe(0)
    expect([await configuration(), await unitTimes()]).toEqual(before)
  })

  test('a saved plan is refused once the host moved, and says what moved', { timeout: AGAIN_MS }, async () => {
    const plan = join(lab.cli.folder, 'plan.json')
    await lab.sh('rm /etc/crictl.yaml')
    const saved = await up('--dry-run', '--out', plan)
    expect(saved.code, told(saved)).toBe(0)
    expect(((await stat(plan)).mode & 0o777).toString(8)).toBe('600')
    await lab.sh(`printf 'debug: true\\n' >/etc/crictl.yaml`)
    const before = await configuration()
    const refused = await up('--plan', plan)
    expect(refused.code, told(refused)).toBe(7)
    expect(resultOf(refused)?.verdict).toBe('moved')
    expect(JSON.stringify(resultOf(refused)?.failures)).toMatch(/file:\/etc\/crictl\.yaml .*absent/)
    expect(await configuration()).toBe(before)
    await lab.sh('rm /etc/crictl.yaml')
    const done = await up('--plan', plan)
    expect(done.code, told(done)).toBe(0)
    expect(changedKeys(done)).toEqual(['file:/etc/crictl.yaml'])
  })

  test('drift of the host and of the cluster is found and mended', { timeout: UP_MS }, async () => {
    await lab.sh(DRIFT)
    const ended = await up('--yes')
    expect(ended.code, told(ended)).toBe(0)
    expect(changedKeys(ended)).toEqual(
      expect.arrayContaining([
        'sysctls:/etc/sysctl.d/99-k8s-network.conf',
        'modules:/etc/modules-load.d/provision.conf',
        'file:/etc/systemd/system/kubelet.service',
        'kube-proxy:config',
        'manifests:flannel',
      ]),
    )
    expect(await lab.sh('cat /proc/sys/net/ipv4/ip_forward; grep -c . /etc/modules-load.d/provision.conf')).toMatch(
      /^1\n[1-9]/,
    )
    expect(await lab.sh(`${KUBECTL} -n kube-flannel get cm kube-flannel-cfg -o jsonpath='{.data}'`)).toContain(
      'net-conf.json',
    )
    await expectNothingToDo()
  })

  test('after a reboot there is nothing to do but wait for the API server', { timeout: UP_MS }, async () => {
    const before = await configuration()
    const boot = await lab.sh('cat /proc/sys/kernel/random/boot_id')
    await lab.on('systemctl reboot')
    await rebooted(boot)
    const ended = await up('--yes')
    expect(ended.code, told(ended)).toBe(0)
    const waits = /^(kubeadm:init|condition:.*)$/
    expect(changedKeys(ended).filter((key) => !waits.test(key))).toEqual([])
    expect(withoutFlannel(await configuration())).toBe(withoutFlannel(before))
    await expectNothingToDo()
  })
})

/** Flannel's pod puts its plugin and its configuration in place each time it starts. */
function withoutFlannel(configuration: string): string {
  const own = /^\/(etc\/cni\/net\.d(\/\S*)?|opt\/cni\/bin(\/flannel)?) /
  return configuration
    .split('\n')
    .filter((line) => !own.test(line))
    .join('\n')
}

/** Line of a path without its last field but one, which nobody can set. */
function withoutChangeTime(trace: Trace, name: string): string | undefined {
  return trace.get(name)?.split('\t').toSpliced(7, 1).join('\t')
}

/** What systemd, the journal and udev write while anything is started at all. */
const RUNTIME = [...LOGIN_TRACES, '/run/systemd', '/run/udev', '/run/log', '/var/lib/systemd', '/var/log', '/tmp']
/** Our own book-keeping: locks, journals, stamps. */
const OWN = ['/run/provision', '/var/lib/provision']

function expectSamePaths({ resources }: HostPlan, before: Trace, after: Trace): void {
  const changed = changedPaths(before, after)
  const named = pending(resources)
    .filter(({ key }) => !key.startsWith('directory:'))
    .flatMap(({ paths }) => paths)
  const folders = resources.filter(({ key }) => key.startsWith('directory:')).flatMap(({ paths }) => paths)
  const isOnTheWay = (path: string) =>
    isFolder(after.get(path) ?? '') && [...named, ...folders].some((name) => name.startsWith(`${path}/`))
  const beside = changed.filter(
    (path) => !isBelow(path, [...named, ...OWN, ...RUNTIME]) && !folders.includes(path) && !isOnTheWay(path),
  )
  expect(beside).toEqual([])
  const promised = resources.filter(
    ({ verdict, key }) => verdict === 'change' && /^(file|directory|modules|sysctls|limits):/.test(key),
  )
  expect(promised.length).toBeGreaterThan(10)
  const unkept = promised.flatMap(({ paths }) => paths).filter((path) => !changed.includes(path))
  expect(unkept).toEqual([])
}

function pending(resources: HostPlan['resources']): HostPlan['resources'] {
  return resources.filter(({ verdict }) => ['change', 'expected', 'later'].includes(verdict))
}

/** Inodes and times of everything that is configuration or program. */
function configuration(): Promise<string> {
  return lab.sh(
    `find /etc /usr/local/bin /opt/cni /var/lib/provision -xdev -printf '%p %y %m %U %G %s %i %T@ %l\\n' | LC_ALL=C sort`,
  )
}

function unitTimes(): Promise<string> {
  const units = 'containerd kubelet systemd-journald ssh'
  return lab.sh(`systemctl show -p Id -p ActiveEnterTimestampMonotonic -p NRestarts -p MainPID ${units}`)
}

const KUBECTL = '/usr/local/bin/kubectl --kubeconfig /etc/kubernetes/admin.conf'

const DRIFT = `set -e
printf 0 >/proc/sys/net/ipv4/ip_forward
rm /etc/modules-load.d/provision.conf
printf '# somebody was here\\n' >>/etc/systemd/system/kubelet.service
k='${KUBECTL}'
$k -n kube-system get cm kube-proxy -o yaml | sed 's/scheduler: rr/scheduler: lc/' | $k replace -f -
$k -n kube-flannel patch cm kube-flannel-cfg --type=json -p '[{"op":"remove","path":"/data/net-conf.json"}]'`

async function rebooted(boot: string): Promise<void> {
  const deadline = performance.now() + 180_000
  for (;;) {
    const seen = await lab.on('cat /proc/sys/kernel/random/boot_id')
    if (seen.code === 0 && seen.stdout !== boot) return
    if (performance.now() > deadline) throw new Error(`the machine did not come back: ${seen.stderr}`)
    await new Promise((resolve) => setTimeout(resolve, 500))
  }
}
