import { readFile, stat } from 'node:fs/promises'
import { join } from 'node:path'
import { afterAll, beforeAll, describe, expect, test } from 'vitest'
import { dnsQueryScript } from '../../../src/facts/cluster-dns.ts'
import { type Ended, eventsOf, describe as told } from '../../support/command-line.ts'
import { MainLab } from '../../support/main-lab.ts'
import { changedAnywhere } from '../../support/outcome.ts'

const OLD = '1.35.4'
const NEW = '1.36.3'
/** From nothing to a cluster, and each node once more, on a busy computer; the old version may have to be compiled. */
const UP_MS = 3_600_000
const UPGRADE_MS = 2_400_000
const AGAIN_MS = 300_000
/** A pod that may not go. */
const KEPT = { name: 'kept', image: 'registry.k8s.io/pause:3.10.1' }

let lab: MainLab
beforeAll(async () => {
  lab = await MainLab.open('main-upgrade', [
    ['kubernetes.version', OLD],
    ['lab.memory', '2G'],
    ['hosts', { cp1: { roles: ['control-plane'] }, w1: { roles: ['worker'] } }],
  ])
})
afterAll(async () => {
  await lab?.[Symbol.asyncDispose]()
})

const run = (...words: readonly string[]): Promise<Ended> => lab.cli.json(words)
const wanting = (version: string) => ['--set', `kubernetes.version=${version}`]
const upgrade = (...options: readonly string[]) => run('upgrade', lab.inventory, '--yes', ...wanting(NEW), ...options)

/** What is said of a host's resource in the end. */
function said(ended: Ended, host: string, key: string) {
  return eventsOf(ended, 'resource').findLast((event) => event.host === host && event.resource.key === key)
}

const NODES =
  'get nodes --no-headers -o custom-columns=N:.metadata.name,V:.status.nodeInfo.kubeletVersion,U:.spec.unschedulable'
async function nodes(): Promise<string> {
  return (await lab.kubectl(NODES)).replaceAll(/ +/g, ' ')
}

/** Asks CoreDNS over its service address, about once a second, from cp1. */
const WATCH = `cat >/root/watch.sh <<'END'
while [ ! -e /root/watch.stop ]; do
  if ${dnsQueryScript({ server: '10.96.0.10', name: 'kubernetes.default.svc.cluster.local' })}; then w=ok; else w=silent; fi
  read -r up rest </proc/uptime; printf '%s %s\\n' "$up" "$w" >>/root/watch.log
  sleep 1
done
END
rm -f /root/watch.log /root/watch.stop; setsid bash /root/watch.sh </dev/null >/dev/null 2>&1 &`

/** Longest time between two answers, in seconds. */
async function longestSilence(): Promise<number> {
  const log = await lab.sh('touch /root/watch.stop; cat /root/watch.log', AGAIN_MS, 'cp1')
  const answered = log
    .trim()
    .split('\n')
    .filter((line) => line.endsWith('ok'))
    .map((line) => Number(line.split(' ')[0]))
  expect(answered.length).toBeGreaterThan(10)
  return Math.max(...answered.slice(1).map((at, i) => at - (answered[i] ?? at)))
}

// In order: each begins with the cluster the one before left.
describe(`a cluster goes from ${OLD} to ${NEW}`, () => {
  test('it is made in the old version', { timeout: UP_MS }, async () => {
    const ended = await run('up', lab.inventory, '--yes')
    expect(ended.code, told(ended)).toBe(0)
    expect(await nodes()).toBe(`cp1 v${OLD} <none>\nw1 v${OLD} <none>`)
    await lab.kubectl(`create deployment ${KEPT.name} --image=${KEPT.image}`)
    await lab.kubectl(`create poddisruptionbudget ${KEPT.name} --selector=app=${KEPT.name} --min-available=1`)
    await lab.kubectl(`rollout status deployment/${KEPT.name} --timeout=120s`)
  })

  test('up leaves it in its version, and names the verb', { timeout: AGAIN_MS }, async () => {
    const ended = await run('up', lab.inventory, '--yes', ...wanting(NEW))
    expect(ended.code, told(ended)).toBe(4)
    expect(changedAnywhere(ended)).toEqual([])
    for (const host of ['cp1', 'w1']) {
      const finding = said(ended, host, 'requirement:cluster-version')?.resource.finding
      expect(finding).toMatchObject({ met: false, fix: expect.stringContaining('provision upgrade') })
    }
  })

  test('a dry run shows every node, and touches none', { timeout: AGAIN_MS }, async () => {
    const ended = await run('upgrade', lab.inventory, '--dry-run', '--detailed-exitcode', ...wanting(NEW))
    expect(ended.code, told(ended)).toBe(10)
    const titles = eventsOf(ended, 'plan').flatMap(({ plan }) => plan.resources.map(({ key }) => `${plan.host} ${key}`))
    expect(titles).toEqual(expect.arrayContaining(['cp1 kubeadm:upgrade', 'cp1 drained:w1', 'w1 turn:w1']))
    expect(await nodes()).toBe(`cp1 v${OLD} <none>\nw1 v${OLD} <none>`)
    const kept = await lab.on('ls /var/lib/provision/etcd', AGAIN_MS, 'cp1')
    expect(kept.code).not.toBe(0)
  })

  test('killed while the control plane is replaced, then stopped by a budget', { timeout: UPGRADE_MS }, async () => {
    await lab.sh(WATCH, AGAIN_MS, 'cp1')
    const running = lab.cli.start(['upgrade', lab.inventory, '--yes', '--json', ...wanting(NEW)], {
      onEvent: (event) => {
        const begun = event.type === 'wave' && event.host === 'cp1' && event.resources.includes('kubeadm:upgrade')
        if (begun) setTimeout(() => running.child.kill('SIGKILL'), 15_000)
      },
    })
    expect((await running.ended).code).toBe(-1)

    const ended = await upgrade('--drain-timeout', '20')
    expect(ended.code, told(ended)).toBe(3)
    const failures = eventsOf(ended, 'host').flatMap(({ result }) => result.failures)
    const drain = failures.find(({ key }) => key === 'drained:w1')
    expect(JSON.stringify(drain)).toMatch(new RegExp(`${KEPT.name}-[a-z0-9-]+.*disruption budget`))
    // The control plane is through and back; the worker waits, cordoned.
    expect(await nodes()).toBe(`cp1 v${NEW} <none>\nw1 v${OLD} true`)
  })

  test('goes on where it was, and is there', { timeout: UPGRADE_MS }, async () => {
    await lab.kubectl(`delete poddisruptionbudget ${KEPT.name}`)
    const ended = await upgrade()
    expect(ended.code, told(ended)).toBe(0)
    expect(await nodes()).toBe(`cp1 v${NEW} <none>\nw1 v${NEW} <none>`)
    expect(await lab.kubectl('version -o yaml')).toContain(`gitVersion: v${NEW}`)
    const images = await lab.kubectl(
      '-n kube-system get pods -o \'jsonpath={range .items[*]}{.spec.containers[0].image}{"\\n"}{end}\'',
    )
    expect(
      new Set(
        images
          .trim()
          .split('\n')
          .filter((image) => !image.includes('/pause:')),
      ).size,
    ).toBe(6)
    expect(images).not.toContain(OLD)
    expect(await lab.sh('ls /var/lib/provision/etcd', AGAIN_MS, 'cp1')).toContain(`before-v${NEW}.db`)
    const silence = await longestSilence()
    process.stdout.write(`CoreDNS was silent for ${silence.toFixed(0)} s at most\n`)
  })

  test('again, upgrade and up change nothing', { timeout: AGAIN_MS }, async () => {
    for (const verb of ['upgrade', 'up']) {
      const ended = await run(verb, lab.inventory, '--yes', ...wanting(NEW))
      expect(ended.code, told(ended)).toBe(0)
      expect(changedAnywhere(ended)).toEqual([])
    }
  })

  test('there is no way back', { timeout: AGAIN_MS }, async () => {
    const ended = await run('upgrade', lab.inventory, '--yes')
    expect(ended.code, told(ended)).toBe(4)
    expect(said(ended, 'cp1', 'requirement:upgrade-path')?.resource.finding?.evidence).toContain(`newer than ${OLD}`)
    expect(changedAnywhere(ended)).toEqual([])
  })
})

describe('what the cluster has stored', () => {
  const file = () => join(lab.cli.folder, 'kept.db')
  const restore = ['etcd', 'restore', '--from', 'kept.db', '--yes', '--destroy', 'main-upgrade']

  test('is brought here, for its owner alone', { timeout: AGAIN_MS }, async () => {
    await lab.kubectl('create configmap treasure --from-literal=where=here')
    const ended = await run('etcd', 'snapshot', lab.inventory, '--out', 'kept.db')
    expect(ended.code, told(ended)).toBe(0)
    expect((await stat(file())).mode & 0o777).toBe(0o600)
    expect(JSON.parse(await readFile(`${file()}.json`, 'utf8'))).toMatchObject({ cluster: 'main-upgrade', host: 'cp1' })
    expect(await lab.sh('ls /var/lib/provision/etcd /run/provision; mount', AGAIN_MS, 'cp1')).not.toMatch(
      /taking|etcd-tools/,
    )
    const again = await run('etcd', 'snapshot', lab.inventory, '--out', 'kept.db')
    expect(again.code).toBe(2)
  })

  test('is not replaced without its name, nor by something else', { timeout: AGAIN_MS }, async () => {
    const nameless = await run('etcd', 'restore', lab.inventory, '--from', 'kept.db', '--yes')
    expect(nameless.code).toBe(2)
    const wrong = await run(
      'etcd',
      'restore',
      lab.inventory,
      '--from',
      'lab.yaml',
      '--yes',
      '--destroy',
      'main-upgrade',
    )
    expect(wrong.code).toBe(2)
    expect(wrong.stderr).toContain('is no snapshot of etcd')
  })

  test('comes back, also when the restore was killed', { timeout: UPGRADE_MS }, async () => {
    await lab.kubectl('delete configmap treasure')
    await lab.kubectl('create configmap later --from-literal=who=nobody')
    const words = [...restore, lab.inventory, '--json', ...wanting(NEW)]
    const running = lab.cli.start(words, {
      onEvent: (event) => {
        if (event.type === 'wave' && event.resources.includes('etcd-restore:stopped')) running.child.kill('SIGKILL')
      },
    })
    expect((await running.ended).code).toBe(-1)
    const ended = await run(...restore, lab.inventory, ...wanting(NEW))
    expect(ended.code, told(ended)).toBe(0)
    expect(changedAnywhere(ended)).not.toContain('cp1 etcd-restore:prepared')
    expect(await lab.kubectl('get configmap -o name')).toContain('configmap/treasure')
    expect(await lab.kubectl('get configmap -o name')).not.toContain('configmap/later')
    await lab.kubectl('wait --for=condition=Ready node --all --timeout=180s')
    await lab.kubectl('create configmap new --from-literal=a=b')
  })

  test('and the cluster is as wanted', { timeout: UPGRADE_MS }, async () => {
    const ended = await run('up', lab.inventory, '--yes', ...wanting(NEW))
    expect(ended.code, told(ended)).toBe(0)
  })
})
