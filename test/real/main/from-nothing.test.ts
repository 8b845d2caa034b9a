import { readFile, stat } from 'node:fs/promises'
import { join } from 'node:path'
import { afterAll, beforeAll, describe, expect, test } from 'vitest'
import type { HostPlan } from '../../../src/core/plan.ts'
import { type Ended, eventsOf, describe as told } from '../../support/command-line.ts'
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
import { KUBECTL, MainLab } from '../../support/main-lab.ts'
import { changed, note, verdicts } from '../../support/outcome.ts'

/** From nothing to a proven cluster on a busy computer. */
const UP_MS = 2_400_000
const AGAIN_MS = 600_000
/** w2 comes later. */
const FIRST = ['cp1', 'w1']
/** What w1 sends to this port of cp1 is lost on the way. */
const BLOCKED = { links: { cp1: { blocked: ['tcp/6443'] } } }

let lab: MainLab
beforeAll(async () => {
  lab = await MainLab.beforeStanding()
  await lab.change(['hosts', 'w2'], undefined)
}, AGAIN_MS)
afterAll(async () => {
  await lab?.[Symbol.asyncDispose]()
})

async function trace(host: string): Promise<Trace> {
  return readTrace(await lab.sh(TRACE_SCRIPT, AGAIN_MS, host))
}

function up(...options: readonly string[]): Promise<Ended> {
  return lab.cli.json(['up', lab.inventory, ...options])
}

/** `up` that must find everything as it should be on these hosts. */
async function expectNothingToDo(hosts = FIRST): Promise<Ended> {
  const ended = await up('--yes')
  expect(ended.code, told(ended)).toBe(0)
  expect(Object.keys(verdicts(ended)).toSorted()).toEqual(hosts)
  for (const { host, result } of eventsOf(ended, 'host'))
    expect(result, host).toMatchObject({ verdict: 'ok', changed: 0, failed: 0, skipped: 0, unmet: 0 })
  return ended
}

/** What a run set out to do on a host, from its first look. */
function planOn(ended: Ended, host: string): HostPlan {
  const found = eventsOf(ended, 'plan').find((event) => event.host === host)
  if (!found) throw new Error(`no plan for ${host}: ${told(ended)}`)
  return found.plan
}

// In order: each begins with the machines the one before left.
describe('a cluster, from nothing', () => {
  test('a dry run before there are machines makes none and says so', async () => {
    const ended = await up('--dry-run')
    expect(ended.code, told(ended)).toBe(0)
    const notices = eventsOf(ended, 'notice').map(({ text }) => text)
    expect(notices.filter((text) => /does not exist yet: it would be a uml machine/.test(text))).toHaveLength(2)
    for (const host of FIRST)
      expect(planOn(ended, host).resources.every(({ verdict }) => verdict === 'later')).toBe(true)
    expect(await lab.lab.list()).toEqual([])
  })

  test('a dry run of bare machines leaves no trace on them', { timeout: AGAIN_MS }, async () => {
    const made = await lab.cli.run(['lab', 'up', lab.inventory])
    expect(made.code, told(made)).toBe(0)
    for (const host of FIRST) await lab.logSessions(host)
    const before = await Promise.all(FIRST.map(trace))
    let ended: Ended | undefined
    const sessions = await lab.sessionsOn(FIRST, async () => {
      ended = await up('--dry-run')
    })
    const after = await Promise.all(FIRST.map(trace))
    if (!ended) throw new Error('it did not run')
    expect(ended.code, told(ended)).toBe(0)
    // One look, and one for what is measured between them.
    expect(sessions).toEqual(FIRST.map(() => ({ channels: 2, sftp: 0 })))
    for (const [i, host] of FIRST.entries()) {
      expect(planOn(ended, host).resources.filter(({ verdict }) => verdict === 'change').length).toBeGreaterThan(10)
      expectNoTrace(before[i] ?? new Map(), after[i] ?? new Map())
    }
  })

  test('a port that is blocked one way is named before anything is changed', { timeout: AGAIN_MS }, async () => {
    await lab.change(['hosts', 'w1', 'lab'], BLOCKED)
    const ended = await up('--yes')
    await lab.change(['hosts', 'w1', 'lab'], undefined)
    expect((await lab.cli.run(['lab', 'up', lab.inventory])).code).toBe(0)
    expect(ended.code, told(ended)).toBe(4)
    for (const host of FIRST) {
      expect(note(ended, host, 'requirement:reach')).toMatch(
        /^w1 → cp1 tcp\/6443: no answer within \d+ s, though cp1 was/,
      )
      expect(note(ended, host, 'requirement:path-mtu')).toMatch(/^1400 bytes at least/)
      expect(changed(ended, host)).toEqual([])
      const left = 'ls -d /etc/kubernetes /etc/containerd /etc/sysctl.d/99-k8s-network.conf 2>/dev/null || :'
      expect(await lab.sh(left, AGAIN_MS, host)).toBe('')
    }
  })

  test('up ends with the proof, and changes what its plan named and nothing else', {
    timeout: UP_MS,
    meta: { shows: ['flannel vxlan', 'kube-proxy ipvs'] },
  }, async () => {
    const before = await Promise.all(FIRST.map(trace))
    const ended = await up('--yes')
    // Before anything is asked there: kubectl keeps what it learns.
    const after = await Promise.all(FIRST.map(trace))
    expect(ended.code, told(ended)).toBe(0)
    expect(verdicts(ended)).toEqual({ cp1: 'ok', w1: 'ok' })
    expect(await lab.nodes()).toBe('cp1 True <none>\nw1 True fast')
    const proof = eventsOf(ended, 'resource').filter(({ resource }) => resource.section === 'Prove')
    for (const [i, host] of FIRST.entries()) {
      const keys = proof.filter((event) => event.host === host).map(({ resource }) => resource.key)
      expect(keys).toEqual(['condition:kube-proxy', 'condition:ipvs', 'condition:cluster-dns'])
      expectSamePaths(ended, host, before[i] ?? new Map(), after[i] ?? new Map())
    }
  })

  test('the kubeconfig is for the operator alone, and names the cluster', async () => {
    const path = join(lab.cli.home, '.kube/main-standing.kubeconfig')
    expect(((await stat(path)).mode & 0o777).toString(8)).toBe('600')
    expect(await readFile(path, 'utf8')).toContain('https://10.77.0.11:6443')
  })

  test('the token that let the worker in is nowhere but in the cluster, and expires', {
    timeout: AGAIN_MS,
  }, async () => {
    const list = '-n kube-system get secrets --field-selector type=bootstrap.kubernetes.io/token'
    const columns = `{range .items[*]}{.data.description} {.data.token-secret} {.data.expiration}{"\\n"}{end}`
    const lines = (await lab.kubectl(`${list} -o jsonpath='${columns}'`)).split('\n')
    const tokens = lines.map((line) => line.split(' ').map((text) => Buffer.from(text, 'base64').toString('utf8')))
    for (const [description, , expiration = ''] of tokens)
      expect((Date.parse(expiration) - Date.now()) / 60_000, description).toBeLessThanOrEqual(30)
    const [, secret, expiration = ''] = tokens.find(([text]) => text === 'provision up: nodes that join') ?? []
    expect(secret).toMatch(/^[a-z0-9]{16}$/)
    expect(Date.parse(expiration)).toBeGreaterThan(Date.now())
    // The cluster's own store has it; nobody's files or journals do.
    const search = `grep -r -l -a -s -F ${secret} /etc /run /tmp /root /home /var/log /var/lib/provision /var/lib/kubelet || :`
    for (const host of FIRST) expect(await lab.sh(search, AGAIN_MS, host), host).toBe('')
  })

  test('up again changes nothing, restarts nothing and opens two channels a host', { timeout: AGAIN_MS }, async () => {
    const seen = () => Promise.all(FIRST.flatMap((host) => [configuration(host), unitTimes(host)]))
    const before = await seen()
    let ended: Ended | undefined
    const sessions = await lab.sessionsOn(FIRST, async () => {
      ended = await expectNothingToDo()
    })
    expect(sessions).toEqual(FIRST.map(() => ({ channels: 2, sftp: 0 })))
    expect(await seen()).toEqual(before)
    // 1400 of the lab's network, less 50 of VXLAN.
    for (const host of FIRST) expect(ended && note(ended, host, 'condition:flannel')).toMatch(/MTU 1350$/)
  })

  test('a saved plan is refused once a host moved, and says what moved', { timeout: AGAIN_MS }, async () => {
    const plan = join(lab.cli.folder, 'plan.json')
    await lab.sh('rm /etc/crictl.yaml', AGAIN_MS, 'w1')
    const saved = await up('--dry-run', '--out', plan)
    expect(saved.code, told(saved)).toBe(0)
    expect(((await stat(plan)).mode & 0o777).toString(8)).toBe('600')
    await lab.sh(`printf 'debug: true\\n' >/etc/crictl.yaml`, AGAIN_MS, 'w1')
    const before = await configuration('w1')
    const refused = await up('--plan', plan)
    expect(refused.code, told(refused)).toBe(7)
    expect(verdicts(refused)).toMatchObject({ w1: 'moved' })
    expect(JSON.stringify(eventsOf(refused, 'host'))).toMatch(/file:\/etc\/crictl\.yaml .*absent/)
    expect(changed(refused)).toEqual([])
    expect(await configuration('w1')).toBe(before)
    await lab.sh('rm /etc/crictl.yaml', AGAIN_MS, 'w1')
    const done = await up('--plan', plan)
    expect(done.code, told(done)).toBe(0)
    expect(changed(done)).toEqual(['file:/etc/crictl.yaml'])
  })

  test('drift of a host and of the cluster is found and mended', { timeout: UP_MS }, async () => {
    await lab.sh(DRIFT, AGAIN_MS, 'cp1')
    const ended = await up('--yes')
    expect(ended.code, told(ended)).toBe(0)
    expect(changed(ended)).toEqual(
      expect.arrayContaining([
        'sysctls:/etc/sysctl.d/99-k8s-network.conf',
        'modules:/etc/modules-load.d/provision.conf',
        'file:/etc/systemd/system/kubelet.service',
        'kube-proxy:config',
        'manifests:flannel',
      ]),
    )
    const mended = 'cat /proc/sys/net/ipv4/ip_forward; grep -c . /etc/modules-load.d/provision.conf'
    expect(await lab.sh(mended, AGAIN_MS, 'cp1')).toMatch(/^1\n[1-9]/)
    expect(await lab.kubectl("-n kube-flannel get cm kube-flannel-cfg -o jsonpath='{.data}'")).toContain(
      'net-conf.json',
    )
    await expectNothingToDo()
  })

  test('a host added to the inventory becomes exactly one more node', { timeout: UP_MS }, async () => {
    await lab.change(['hosts', 'w2'], { roles: ['worker'] })
    const made = await lab.cli.run(['lab', 'up', lab.inventory])
    expect(made.code, told(made)).toBe(0)
    const plan = join(lab.cli.folder, 'one-more.json')
    const saved = await up('--limit', 'w2', '--dry-run', '--out', plan)
    expect(saved.code, told(saved)).toBe(0)
    // It cannot join alone: the first control plane is visited too, and does no more than let it in.
    const ended = await up('--yes', '--limit', 'w2', '--plan', plan)
    expect(ended.code, told(ended)).toBe(0)
    expect(verdicts(ended)).toEqual({ cp1: 'ok', w2: 'ok' })
    expect(changed(ended, 'cp1')).toEqual(['join:ticket'])
    expect(await lab.nodes()).toBe('cp1 True <none>\nw1 True fast\nw2 True <none>')
    const again = await up('--yes', '--limit', 'w2')
    expect(verdicts(again)).toEqual({ w2: 'ok' })
    expect(changed(again)).toEqual([])
  })

  test('a machine of another cluster is left alone, and told so', { timeout: AGAIN_MS }, async () => {
    const conf = '/etc/kubernetes/kubelet.conf'
    await lab.sh(`cp -p ${conf} /root/kept && sed -i 's/10.77.0.11/10.77.0.99/' ${conf}`, AGAIN_MS, 'w2')
    const ended = await up('--yes', '--limit', 'w2')
    await lab.sh(`mv /root/kept ${conf}`, AGAIN_MS, 'w2')
    expect(ended.code, told(ended)).toBe(3)
    expect(JSON.stringify(eventsOf(ended, 'host'))).toContain('this machine is in another cluster')
    expect(verdicts(ended)).toEqual({ w2: 'failed' })
    expect(changed(ended)).toEqual([])
  })

  test('after a reboot there is nothing to do but wait for the API server', { timeout: UP_MS }, async () => {
    const before = await configuration('cp1')
    const boot = await lab.sh('cat /proc/sys/kernel/random/boot_id', AGAIN_MS, 'cp1')
    await lab.on('systemctl reboot', AGAIN_MS, 'cp1')
    await rebooted('cp1', boot)
    const ended = await up('--yes')
    expect(ended.code, told(ended)).toBe(0)
    const waits = /^(kubeadm:init|condition:.*)$/
    expect(changed(ended).filter((key) => !waits.test(key))).toEqual([])
    expect(withoutFlannel(await configuration('cp1'))).toBe(withoutFlannel(before))
    await expectNothingToDo([...FIRST, 'w2'])
  })
})

function expectNoTrace(before: Trace, after: Trace): void {
  const touched = differing(before, after).filter(
    (name) => !COUNTERS.test(name) && !isBelow(name, LOGIN_TRACES) && name !== '/run',
  )
  // Nearest folder that is there to the one etcd will have: fsync was measured in it, and its times put back. Nobody can
  // put back the time of the last change of an inode.
  expect(touched.filter((name) => withoutChangeTime(before, name) !== withoutChangeTime(after, name))).toEqual([])
  expect(touched.filter((name) => name !== '/var/lib')).toEqual([])
}

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

function expectSamePaths(ended: Ended, host: string, before: Trace, after: Trace): void {
  const { resources } = planOn(ended, host)
  // What a DaemonSet does on every node stands in the plan of the one that applies it.
  const applied = FIRST.flatMap((name) => planOn(ended, name).resources).filter(({ key }) =>
    key.startsWith('manifests:'),
  )
  const changed = changedPaths(before, after)
  const named = pending([...resources, ...applied])
    .filter(({ key }) => !key.startsWith('directory:'))
    .flatMap(({ paths }) => paths)
  const folders = resources.filter(({ key }) => key.startsWith('directory:')).flatMap(({ paths }) => paths)
  const isOnTheWay = (path: string) =>
    isFolder(after.get(path) ?? '') && [...named, ...folders].some((name) => name.startsWith(`${path}/`))
  const beside = changed.filter(
    (path) => !isBelow(path, [...named, ...OWN, ...RUNTIME]) && !folders.includes(path) && !isOnTheWay(path),
  )
  expect(beside, host).toEqual([])
  const promised = resources.filter(
    ({ verdict, key }) => verdict === 'change' && /^(file|directory|modules|sysctls|limits):/.test(key),
  )
  expect(promised.length).toBeGreaterThan(10)
  const unkept = promised.flatMap(({ paths }) => paths).filter((path) => !changed.includes(path))
  expect(unkept, host).toEqual([])
}

function pending(resources: HostPlan['resources']): HostPlan['resources'] {
  return resources.filter(({ verdict }) => ['change', 'expected', 'later'].includes(verdict))
}

/** Inodes and times of everything that is configuration or program. */
function configuration(host: string): Promise<string> {
  return lab.sh(
    `find /etc /usr/local/bin /opt/cni /var/lib/provision -xdev -printf '%p %y %m %U %G %s %i %T@ %l\\n' | LC_ALL=C sort`,
    AGAIN_MS,
    host,
  )
}

function unitTimes(host: string): Promise<string> {
  const units = 'containerd kubelet systemd-journald ssh'
  const script = `systemctl show -p Id -p ActiveEnterTimestampMonotonic -p NRestarts -p MainPID ${units}`
  return lab.sh(script, AGAIN_MS, host)
}

const DRIFT = `set -e
printf 0 >/proc/sys/net/ipv4/ip_forward
rm /etc/modules-load.d/provision.conf
printf '# somebody was here\\n' >>/etc/systemd/system/kubelet.service
k='${KUBECTL}'
$k -n kube-system get cm kube-proxy -o yaml | sed 's/scheduler: rr/scheduler: lc/' | $k replace -f -
$k -n kube-flannel patch cm kube-flannel-cfg --type=json -p '[{"op":"remove","path":"/data/net-conf.json"}]'`

async function rebooted(host: string, boot: string): Promise<void> {
  const deadline = performance.now() + 180_000
  for (;;) {
    const seen = await lab.on('cat /proc/sys/kernel/random/boot_id', AGAIN_MS, host)
    if (seen.code === 0 && seen.stdout !== boot) return
    if (performance.now() > deadline) throw new Error(`the machine did not come back: ${seen.stderr}`)
    await new Promise((resolve) => setTimeout(resolve, 500))
  }
}
