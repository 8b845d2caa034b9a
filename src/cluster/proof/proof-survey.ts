import { randomBytes } from 'node:crypto'
import type { Session } from '../../core/host.ts'
import { type SurveyInput, survey } from '../../core/survey.ts'
import {
  clockOrder,
  type Listening,
  openingOrders,
  probeOrders,
  readListening,
  type Target,
} from '../../facts/peer-dialogue.ts'
import { nodePeerScript, podPeerScript, type ServedService } from '../../facts/pod-peer.ts'
import type { GroundSaid, ProofPod } from '../../facts/proof-ground.ts'
import { nameQuestion, type Question, questionOrders, tlsQuestion } from '../../facts/question.ts'
import { gatheredProof } from './proof-answers.ts'
import { PROOF_PORT } from './proof-policy.ts'
import { sampledPairs } from './proof-sample.ts'
import type { ProofSeen } from './proof-seen.ts'

export interface ProofSurveyInput extends SurveyInput {
  /** All hosts there is to say something of. */
  readonly hosts: readonly string[]
  readonly namespace: string
  readonly serviceName: string
  readonly ground: GroundSaid
  readonly dns: { readonly server: string; readonly name: string }
  readonly proxyMode: ServedService['mode']
  /** Address of the API server's own Service. */
  readonly api: string
  readonly allPairs: boolean
}

/** Nodes wait for kube-proxy to know the endpoints first. */
const READY_MS = 180_000
const PROBE_MS = 90_000
const PROBE_MS_PER_HOST = 300
const HOST_MARGIN_MS = 10_000
/** Enough for a 99th percentile to be the slowest but none. */
const DNS_QUESTIONS = 50
/** Of a node: that its own resolver would be served. */
const NODE_DNS_QUESTIONS = 5
/** Connections to the Service for each of its endpoints: a random choice then leaves one of ten out once in 300 times. */
const TIMES_PER_ENDPOINT = 8
const SERVICE_CONNECTIONS_MOST = 128
const SERVICE_CHAINS = 4
/** A node takes part as two: as itself, and as its pod. */
const NODE = 'node '

/** Everything a proof measures, in one survey: from inside each node's pod, and from each node, one channel for either. */
export async function surveyPods(input: ProofSurveyInput): Promise<ProofSeen> {
  const { sessions, namespace, serviceName, ground, signal, nowMs, onProgress } = input
  const token = randomBytes(8).toString('hex')
  const pods = runningPods(input)
  const others = sampledPairs([...pods.keys()], input.allPairs)
  const probeMs = PROBE_MS + pods.size * PROBE_MS_PER_HOST
  const deadlineSeconds = Math.ceil((READY_MS + probeMs + HOST_MARGIN_MS) / 1000)
  const listening = new Map<string, Listening>()
  const served = (name: string): ServedService => ({
    namespace,
    name: serviceName,
    address: ground.service,
    port: PROOF_PORT,
    endpoints: pods.size,
    mode: input.proxyMode,
    ...podOf(pods, name),
  })
  const surveyed = await survey({
    sessions: [...sessions.filter(({ host }) => pods.has(host)), ...sessions.map((session) => renamed(session))],
    script: (name) => (name.startsWith(NODE) ? nodePeerScript(served(name)) : podPeerScript(pods.get(name)?.uid ?? '')),
    opening: (name) =>
      openingOrders(
        name,
        { token, address: pods.get(name)?.address, flows: flowsOf(name), points: [] },
        deadlineSeconds,
      ),
    orders: (name, ready) => {
      for (const [host, text] of ready) if (!listening.has(host)) listening.set(host, readListening(text))
      const targets = (others.get(name) ?? []).flatMap((to) => targetOf(pods.get(to), listening.get(to)))
      return questionOrders(questionsOf(name, pods.size, input)) + probeOrders(targets)
    },
    clockOrder,
    readyMs: READY_MS,
    probeMs,
    signal,
    nowMs,
    ...(onProgress ? { onProgress } : {}),
  })
  const node = (host: string) => surveyed.get(`${NODE}${host}`)
  return gatheredProof({ hosts: input.hosts, ground, pods, others, token, pod: (host) => surveyed.get(host), node })
}

function podOf(pods: ReadonlyMap<string, ProofPod>, name: string): Pick<ServedService, 'pod'> {
  const pod = pods.get(name.slice(NODE.length))
  return pod ? { pod: pod.address } : {}
}

/** Pods that run on a node that takes part. */
function runningPods({ sessions, ground }: ProofSurveyInput): ReadonlyMap<string, ProofPod> {
  const hosts = new Set(sessions.map(({ host }) => host))
  const running = ground.pods.filter((pod) => pod.running && pod.address !== '' && hosts.has(pod.node))
  return new Map(running.map((pod) => [pod.node, pod]))
}

/** The same door under another name. */
function renamed(session: Session): Session {
  const host = `${NODE}${session.host}`
  return new Proxy(session, {
    get(target, key) {
      if (key === 'host') return host
      const value: unknown = Reflect.get(target, key, target)
      return typeof value === 'function' ? value.bind(target) : value
    },
  })
}

const FLOWS = [
  { protocol: 'tcp', port: PROOF_PORT },
  { protocol: 'udp', port: PROOF_PORT },
] as const

function flowsOf(name: string) {
  return name.startsWith(NODE) ? [] : FLOWS
}

function targetOf(pod: ProofPod | undefined, there: Listening | undefined): readonly Target[] {
  if (!pod || !there) return []
  const flows = FLOWS.map((flow) => ({ ...flow, expect: 'ours' as const }))
  return [{ host: pod.node, address: pod.address, measurePort: there.measurePort, flows }]
}

/** Several chains: a silent endpoint is waited for by one of them while the others go on. */
function questionsOf(name: string, endpoints: number, { ground, dns, api }: ProofSurveyInput): readonly Question[] {
  const isNode = name.startsWith(NODE)
  const connections = Math.min(SERVICE_CONNECTIONS_MOST, TIMES_PER_ENDPOINT * endpoints)
  const service: Question = {
    about: 'service',
    protocol: 'tcp',
    address: ground.service,
    port: PROOF_PORT,
    times: Math.ceil(connections / SERVICE_CHAINS),
    want: 'answer',
  }
  return [
    ...(ground.service === '' || endpoints === 0 ? [] : Array.from({ length: SERVICE_CHAINS }, () => service)),
    ...ground.balancers.flatMap((balancer) => balancerQuestions(balancer)),
    nameQuestion('dns', dns.server, dns.name, isNode ? NODE_DNS_QUESTIONS : DNS_QUESTIONS),
    tlsQuestion('api', api, 443, isNode ? 1 : 3),
  ]
}

/** Those that answer everywhere, and have somebody who does. */
function balancerQuestions({ policy, addresses, tcpPorts, readyEndpoints }: GroundSaid['balancers'][number]) {
  if (policy === 'Local' || readyEndpoints === 0) return []
  return addresses.flatMap((address) =>
    tcpPorts.map(
      (port): Question => ({
        about: `balancer ${address}:${port}`,
        protocol: 'tcp',
        address,
        port,
        times: 1,
        want: 'open',
      }),
    ),
  )
}
