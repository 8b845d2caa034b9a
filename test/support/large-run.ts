import type { Event, HostResult } from '../../src/core/events.ts'
import type { PlannedResource } from '../../src/core/plan.ts'
import { matrixOf } from './report-of.ts'
import { planned, resultOf } from './run-events.ts'

const PROGRAMS = [
  'containerd',
  'ctr',
  'runc',
  'crictl',
  'cni/bridge',
  'cni/host-local',
  'kubeadm',
  'kubelet',
  'kubectl',
]
const IMAGES = ['kube-apiserver', 'kube-controller-manager', 'kube-scheduler', 'kube-proxy', 'etcd', 'pause', 'coredns']
const REQUIREMENTS = 24
const FILES = 20
const STEPS = 50
const FILE_LINES = 40

/** Everything a cluster of this many machines made from nothing would tell: as varied from host to host as real ones are. */
export function largeRun(count: number): readonly Event[] {
  const hosts = hostNames(count)
  const results = hosts.map((host, i) => resultFor(host, i))
  const begin: Event = { t: 0, type: 'run', run: 'r1', command: 'provision up', hosts, version: '0.1.0' }
  const end: Event = { t: 600_000, type: 'end', ms: 600_000, exit: 3, hosts: results, criticalPath: pathOf(hosts) }
  return [begin, ...hosts.flatMap((host, i) => eventsOf(host, i)), end]
}

export function hostNames(count: number): readonly string[] {
  return [...Array(count).keys()].map((i) => `node${i + 1}`)
}

/** As many as a run measures between hosts; one host stands out, and one way is blocked. */
export function largeMatrices(count: number) {
  const hosts = hostNames(count)
  return [
    matrixOf('ports', hosts, (from, to) =>
      from === 1 && to === 0 ? { text: '7/8', tone: 'bad', note: 'tcp/6443 filtered' } : { text: 'ok', tone: 'usual' },
    ),
    matrixOf('path MTU', hosts, (from, to) =>
      from === 2 || to === 2
        ? { text: '1400', tone: 'odd', note: 'the card takes 1500' }
        : { text: '1500', tone: 'usual' },
    ),
    matrixOf('round trip', hosts, (from, to) => ({ text: ((from * 7 + to * 3) % 90).toFixed(1), tone: 'usual' })),
    matrixOf('clocks', hosts, (from, to) => ({
      text: String((from + to) % 9),
      tone: (from * to) % 7 ? 'usual' : 'unknown',
    })),
  ]
}

function eventsOf(host: string, i: number): readonly Event[] {
  const resources = [...requirements(host, i), ...files(host), ...programs(), ...images(), proof(host)]
  const peer = {
    address: `10.1.${i >> 8}.${i & 255}`,
    port: 22,
    user: 'root',
    hostKey: `SHA256:key-of-${host}`,
    become: 'root',
  } as const
  const step = (n: number): readonly Event[] => {
    const t = 10_000 + i * 20 + n * 9_000
    const base = {
      type: 'step',
      host,
      key: 'file:/etc/x',
      title: `step ${n} of ${host}`,
      section: `Section ${n % 7}`,
    } as const
    return [
      { ...base, t, state: 'start' },
      { ...base, t: t + 200 + ((n * 131 + i) % 7_000), state: 'ok', ms: 200 + ((n * 131 + i) % 7_000) },
    ]
  }
  return [
    { t: 500, type: 'connected', host, peer, ms: 300 },
    { t: 2_000 + i, type: 'looked', host, resources: resources.length, ms: 1_500 },
    { t: 2_001 + i, type: 'plan', host, plan: { host, hostKey: peer.hostKey, resources } },
    { t: 2_100 + i, type: 'upload', host, sent: 0, total: 129_000_000 },
    { t: 8_000 + i, type: 'upload', host, sent: 129_000_000, total: 129_000_000 },
    ...[...Array(STEPS).keys()].flatMap(step),
    { t: 550_000, type: 'waiting', host, for: 'join ticket of node1' },
    { t: 560_000, type: 'looked', host, resources: 3, ms: 900 },
    ...resources.map((resource): Event => ({ t: 570_000, type: 'resource', host, ...settled(resource) })),
    { t: 590_000, type: 'host', host, result: resultFor(host, i) },
  ]
}

function requirements(host: string, i: number): readonly PlannedResource[] {
  return [...Array(REQUIREMENTS).keys()].map((n) => {
    const met = n !== i % 40
    const finding = {
      id: `requirement-${n}`,
      met,
      evidence: `p99 ${(i * 37 + n) % 1000} ms in /var/lib on ${host}`,
      threshold: 'p99 below 10 ms',
      severity: 'advised' as const,
      fix: 'give etcd a disk of its own',
    }
    const verdict = met ? 'met' : 'advised'
    return planned(`requirement:requirement-${n}`, { title: `requirement ${n}`, section: 'Verify', verdict, finding })
  })
}

function files(host: string): readonly PlannedResource[] {
  return [...Array(FILES).keys()].map((n) => {
    const own = n % 4 === 0 ? host : 'every host'
    const after = [...Array(FILE_LINES).keys()].map((line) => `line ${line} of file ${n} for ${own}\n`).join('')
    const changes = [
      { what: '', from: 'absent', to: `${after.length} bytes, 0644 root:root`, text: { before: '', after } },
    ]
    const steps = [{ title: `write /etc/file-${n}`, sha256: 'f'.repeat(64) }]
    return planned(`file:/etc/file-${n}`, { section: `Section ${n % 7}`, verdict: 'change', changes, steps })
  })
}

function programs(): readonly PlannedResource[] {
  return PROGRAMS.map((name, n) => {
    const to = `${name} v1.36.${n} (sha256 ${'a9ed29597b17'.slice(n % 4)})`
    return planned(`file:/usr/local/bin/${name}`, {
      title: name,
      section: 'Install',
      verdict: 'change',
      changes: [{ what: '', from: 'absent', to }],
    })
  })
}

function images(): readonly PlannedResource[] {
  return IMAGES.map((name) =>
    planned(`image:registry.k8s.io/${name}:v1.36.3`, {
      title: `image ${name}`,
      section: 'Install',
      verdict: 'later',
      after: ['containerd'],
    }),
  )
}

function proof(host: string): PlannedResource {
  const changes = [{ what: '', from: 'not registered', to: `node ${host} is Ready` }]
  return planned(`condition:node-${host}`, {
    title: `node ${host} is Ready`,
    section: 'Prove',
    verdict: 'expected',
    changes,
  })
}

function settled(resource: PlannedResource): {
  readonly resource: PlannedResource
  readonly result: 'met' | 'advised' | 'changed'
} {
  if (resource.finding) return { resource, result: resource.finding.met ? 'met' : 'advised' }
  const note = resource.key.startsWith('image:') ? 'sha256:ca80680ebdc4' : (resource.changes[0]?.to ?? '')
  return { resource: { ...resource, verdict: 'same', changes: [], steps: [], note }, result: 'changed' }
}

function resultFor(host: string, i: number): HostResult {
  if (i % 100 !== 50) return resultOf(host, { changed: 37, ms: 500_000 + i * 10 })
  const trouble = {
    what: `containerd did not start on ${host}`,
    why: 'its unit says exit code 1',
    fix: 'journalctl -u containerd',
  }
  const failures = [
    { host, title: 'containerd.service', section: 'Install', trouble, lines: ['no such file'], code: 1 },
  ]
  return resultOf(host, { verdict: 'failed', failed: 1, changed: 12, failures })
}

function pathOf(hosts: readonly string[]) {
  const host = hosts.at(-1) ?? ''
  return [...Array(12).keys()].map((n) => ({ what: `stretch ${n}`, host, fromMs: n * 50_000, toMs: (n + 1) * 50_000 }))
}
