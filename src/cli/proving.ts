import { controlPlaneImages } from '../catalog/releases.ts'
import { apiServiceAddress, dnsServiceAddress } from '../cluster/kubeadm.ts'
import { peersWanted } from '../cluster/peers-wanted.ts'
import { proofFindings } from '../cluster/proof/proof-findings.ts'
import { GroundMade } from '../cluster/proof/proof-ground-made.ts'
import { proofMatrices } from '../cluster/proof/proof-matrix.ts'
import { proofGround } from '../cluster/proof/proof-objects.ts'
import type { ProofSeen } from '../cluster/proof/proof-seen.ts'
import { surveyPods } from '../cluster/proof/proof-survey.ts'
import { releasesOf } from '../cluster/releases.ts'
import { EXIT, type ExitCode, ProvisionError } from '../core/errors.ts'
import type { Report } from '../core/events.ts'
import type { Finding } from '../core/finding.ts'
import type { Connect, LockHolder, Session } from '../core/host.ts'
import { limiter } from '../core/limit.ts'
import type { Matrix } from '../core/matrix.ts'
import type { GroundSaid } from '../facts/proof-ground.ts'
import type { Host, Inventory } from '../inventory/inventory.ts'
import { policyEngineOf } from '../inventory/policy-engine.ts'
import { provePolicies } from './proving-policies.ts'

export interface ProvingInput {
  readonly inventory: Inventory
  /** Those that take part, the first control plane among them or not. */
  readonly hosts: readonly Host[]
  /** Where objects are made. */
  readonly first: string
  readonly holder: LockHolder
  readonly connect: Connect
  readonly forks: number
  readonly allPairs: boolean
  /** Also where nobody is known to enforce policies. */
  readonly policies: boolean
  readonly signal: AbortSignal
  readonly report: Report
  /** Milliseconds of a monotonic clock. */
  readonly clock: () => number
}

/** What a proof found. */
export interface Proven {
  readonly findings: ReadonlyMap<string, readonly Finding[]>
  readonly matrices: readonly Matrix[]
  readonly notes: readonly string[]
  /** Why there is no proof, where something else than the network is to blame. */
  readonly exit?: ExitCode
}

const MEASURE = {
  type: 'task',
  id: 'prove/measure',
  title: 'measure from inside the pods, and from the nodes',
} as const
const TASK = { type: 'task', id: 'prove', title: 'prove the network with a pod on every node' } as const

/** Makes a pod on every node and a Service in front of them, measures what is between them, and takes them away again. */
export async function proveWithPods(input: ProvingInput): Promise<Proven> {
  const { report, clock } = input
  const from = clock()
  report({ ...TASK, state: 'start' })
  const sessions = await connected(input)
  try {
    const proven = await provenBy(input, sessions)
    report({ ...TASK, state: 'ok', ms: clock() - from })
    return proven
  } catch (error) {
    report({ ...TASK, state: 'failed', ms: clock() - from })
    if (!(error instanceof ProvisionError)) throw error
    const { what, why, fix } = error.trouble
    const evidence = [what, why].filter(Boolean).join('; ')
    return { ...notProven(input.first, { evidence, ...(fix === undefined ? {} : { fix }) }), exit: error.exit }
  } finally {
    await Promise.all([...sessions.values()].map((session) => session.close()))
  }
}

/** Something thrown, kept for later. */
class Failure extends Error {}

function asFailure(cause: unknown): Failure {
  return new Failure('measuring failed', { cause })
}

/** Shows each part of the work as a task of its own. */
function parts({ report, clock }: Pick<ProvingInput, 'report' | 'clock'>) {
  return async <T>(id: string, title: string, work: () => Promise<T>): Promise<T> => {
    const task = { type: 'task', id: `prove/${id}`, title } as const
    const from = clock()
    report({ ...task, state: 'start' })
    try {
      const done = await work()
      report({ ...task, state: 'ok', ms: clock() - from })
      return done
    } catch (error) {
      report({ ...task, state: 'failed', ms: clock() - from })
      throw error
    }
  }
}

/** Of every host that can be reached; the first control plane must be. @throws ProvisionError */
async function connected({
  hosts,
  first,
  connect,
  forks,
  signal,
}: ProvingInput): Promise<ReadonlyMap<string, Session>> {
  const limit = limiter(forks)
  const names = new Set([first, ...hosts.map(({ name }) => name)])
  const opened = await Promise.allSettled([...names].map((name) => limit(() => connect(name, signal))))
  const sessions = opened.flatMap((each) => (each.status === 'fulfilled' ? [each.value] : []))
  return new Map(sessions.map((session) => [session.host, session]))
}

async function provenBy(input: ProvingInput, sessions: ReadonlyMap<string, Session>): Promise<Proven> {
  const { inventory, hosts, first, holder, signal, report } = input
  const keeper = sessions.get(first)
  if (!keeper) return notProven(first, { evidence: `${first} cannot be reached, and objects are made there` })
  await keeper.lock(holder)
  const taking = hosts.flatMap(({ name }) => sessions.get(name) ?? [])
  const { kubernetes } = inventory
  const ground = proofGround({
    run: holder.run,
    who: holder.who,
    since: holder.since,
    nodes: taking.map(({ host }) => host),
    image: controlPlaneImages(releasesOf(inventory)).pause,
  })
  const part = parts(input)
  const made = await part('pods', `start pods in ${ground.namespace}`, () => GroundMade.make(keeper, ground, signal))
  const { said } = made
  const measure = (told: GroundSaid) =>
    surveyPods({
      hosts: hosts.map(({ name }) => name),
      sessions: taking,
      namespace: ground.namespace,
      serviceName: ground.service,
      ground: told,
      dns: {
        server: dnsServiceAddress(kubernetes.serviceSubnet),
        name: `kubernetes.default.svc.${kubernetes.dnsDomain}`,
      },
      proxyMode: kubernetes.kubeProxy.mode,
      api: apiServiceAddress(kubernetes.serviceSubnet),
      allPairs: input.allPairs,
      signal,
      nowMs: () => Date.now(),
      onProgress: (done, total) => report({ ...MEASURE, state: 'progress', done, total, unit: 'items' }),
    })
  // Whatever becomes of the measuring: the objects go.
  const seen =
    said && !signal.aborted ? await part('measure', MEASURE.title, () => measure(said)).catch(asFailure) : undefined
  const policed = seen instanceof Failure ? NONE : await underPolicies(input, made, taking).catch(asFailure)
  const left = await part('remove', `remove ${ground.namespace}`, () => made.remove())
  if (seen instanceof Failure) throw seen.cause
  if (policed instanceof Failure) throw policed.cause
  if (signal.aborted) return { ...notProven(first, { evidence: 'it was stopped' }), exit: EXIT.interrupted }
  if (!seen) return notProven(first, { evidence: left ?? 'it was stopped' })
  const notes = [
    ...(said?.leftovers ?? []).map((name) => `removed ${name}, which an earlier proof had left behind`),
    ...(left === undefined ? [] : [`${ground.namespace} is not gone yet: ${left}; the next proof sees to it`]),
    ...sampled(seen),
  ]
  return { ...withPolicies(judged(input, seen), policed), notes }
}

const NONE: ReadonlyMap<string, Finding> = new Map()

/** The proof of policies: where somebody enforces them, or where it is asked for. */
async function underPolicies(input: ProvingInput, made: GroundMade, sessions: readonly Session[]) {
  const { inventory, hosts, first, signal } = input
  const { said } = made
  const engine = policyEngineOf(inventory.network)
  if (!said || signal.aborted || (engine === undefined && !input.policies)) return NONE
  const given = { made, said, engine, hosts, first, sessions, signal, nowMs: () => Date.now() }
  return parts(input)('policies', 'try what a policy allows and what it denies', () => provePolicies(given))
}

function withPolicies<T extends Pick<Proven, 'findings'>>(proven: T, policed: ReadonlyMap<string, Finding>): T {
  const hosts = new Set([...proven.findings.keys(), ...policed.keys()])
  const findings = new Map(
    [...hosts].map((host) => [host, [...(proven.findings.get(host) ?? []), policed.get(host) ?? []].flat()] as const),
  )
  return { ...proven, findings }
}

function sampled({ pairs, possiblePairs }: ProofSeen): readonly string[] {
  if (pairs.length >= possiblePairs) return []
  return [`tried ${pairs.length} of ${possiblePairs} ways between nodes, every node among them; --all-pairs tries all`]
}

function judged({ inventory, hosts }: ProvingInput, seen: ProofSeen): Omit<Proven, 'notes'> {
  const { network, clockSkewMs, accept } = peersWanted(inventory, hosts)
  const proxyMode = inventory.kubernetes.kubeProxy.mode
  return {
    findings: proofFindings(seen, { network, clockSkewMs, accept, proxyMode }),
    matrices: proofMatrices(seen, { clockSkewMs: Math.min(...clockSkewMs.values()) }),
  }
}

/** Nothing was measured: that is no proof. */
function notProven(host: string, told: Pick<Finding, 'evidence' | 'fix'>): Proven {
  const finding: Finding = {
    id: 'pod-starts',
    met: false,
    severity: 'required',
    threshold: 'a pod on every node to measure from',
    fix: 'see what is wrong there, then run provision prove',
    ...told,
  }
  return { findings: new Map([[host, [finding]]]), matrices: [], notes: [] }
}
