import {
  apiServiceAddress,
  clusterDns,
  condition,
  dnsQueryScript,
  dnsServiceAddress,
  type Node,
  probe,
  type Resource,
  section,
  waitUntil,
} from '../src/index.ts'
import { proxyProof } from './proxy.ts'

const LIMIT_SECONDS = 600

/** Evidence that it works: read from the kernel, from kube-proxy, and by asking CoreDNS the way a pod would. */
export const proveCluster = section<Node>('Prove', 'prove', (node) => [...proxyProof(node), dnsAnswers(node)])

function dnsAnswers(node: Node): Resource {
  const { inventory } = node
  const { serviceSubnet, dnsDomain } = inventory.kubernetes
  const server = dnsServiceAddress(serviceSubnet)
  const name = `kubernetes.default.svc.${dnsDomain}`
  const asked = probe(clusterDns, { server, name })
  return condition(
    {
      name: 'cluster-dns',
      wanted: `CoreDNS answers over ${server}`,
      probes: [asked],
      holds(answers) {
        const answer = answers.get(asked)
        if (answer.state === 'silent') return { holds: false, evidence: `${server} does not answer` }
        const holds = answer.code === 0 && answer.addresses.includes(apiServiceAddress(serviceSubnet))
        return {
          holds,
          evidence: holds ? `${name} is ${answer.addresses.join(', ')}` : `${name}: response code ${answer.code}`,
        }
      },
      wait: waitUntil(dnsQueryScript({ server, name }), LIMIT_SECONDS, `an answer from ${server}`),
      timeoutMs: (LIMIT_SECONDS + 60) * 1000,
    },
    { after: [`condition:node-${node.name}`] },
  )
}
