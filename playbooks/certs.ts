import {
  CERTIFICATES_OF,
  certificatesRenewed,
  condition,
  kubeReadyProbe,
  type Node,
  OWN_API_IS_READY,
  type Play,
  play,
  type ResourceOptions,
  renewedAs,
  section,
  staticPodFresh,
  WITH_OWN_API,
  waitUntil,
} from '../src/index.ts'

const READY_SECONDS = 300

export interface RenewWish {
  /** Certificates with fewer days left are renewed. */
  readonly days: number
  /** What a control plane waits for (the one before it), and what it gives when it serves again. */
  readonly turn: (node: Node) => Pick<ResourceOptions, 'until' | 'gives'>
}

/** Control planes, one after the other: certificates, then whatever reads them only when it starts. Workers' renew themselves. */
export function renewCertificates({ days, turn }: RenewWish): Play<Node> {
  return play('certs', [
    section<Node>('Renew the certificates', 'certs', (node) => [
      certificatesRenewed({ days, nowMs: node.operatorClock, nameOf: renewedAs }, until(turn(node))),
    ]),
    section<Node>('Restart what uses them', 'certs', (node) =>
      Object.entries(CERTIFICATES_OF).map(([name, files]) =>
        staticPodFresh({ name, files }, { after: ['certificates:kubeadm'], ...until(turn(node)) }),
      ),
    ),
    section<Node>('See that it serves', 'certs', (node) => [
      condition(
        {
          name: 'api-server',
          wanted: 'the API server of this host is ready',
          probes: [kubeReadyProbe],
          holds(answers) {
            const seen = answers.get(kubeReadyProbe)
            return { holds: seen.state === 'ready', evidence: seen.state === 'unready' ? seen.reason : seen.state }
          },
          wait: `${WITH_OWN_API}
${waitUntil(OWN_API_IS_READY, READY_SECONDS, 'the API server of this host, ready')}`,
          timeoutMs: (READY_SECONDS + 30) * 1000,
        },
        { after: Object.keys(CERTIFICATES_OF).map((name) => `static-pod:${name}` as const), ...gives(turn(node)) },
      ),
    ]),
  ])
}

function until({ until }: Pick<ResourceOptions, 'until'>): Pick<ResourceOptions, 'until'> {
  return until === undefined ? {} : { until }
}

function gives({ gives }: Pick<ResourceOptions, 'gives'>): Pick<ResourceOptions, 'gives'> {
  return gives === undefined ? {} : { gives }
}
