import { z } from 'zod'
import { dnsLabel, labelKey, labelValue, subnet, whole } from './scalars.ts'

/** Compiled to NetworkPolicies: kubernetes.io, "Network Policies" (networking.k8s.io/v1). */

const portForm = 'a port from 1 to 65535, the name of one, or either with a protocol: 8080, http, 53/UDP'

/** A name of a port has at most 15 characters, one of them a letter (k8s.io/apimachinery, IsValidPortName). */
const PORT = /^((?=.*[a-z])[a-z0-9]([a-z0-9]|-(?=[a-z0-9])){0,14}|[0-9]{1,5}(?=\/))(\/(TCP|UDP|SCTP))?$/

const port = z.union(
  [
    whole('a port', 1, 65_535),
    z
      .string({ error: portForm })
      .max(20, { error: portForm })
      .regex(PORT, { error: portForm })
      .refine((text) => !/^[0-9]+\//.test(text) || isPort(Number.parseInt(text, 10)), { error: portForm }),
  ],
  { error: portForm },
)

function isPort(value: number): boolean {
  return value >= 1 && value <= 65_535
}

const labels = z.record(labelKey, labelValue)

const end = z
  .strictObject({
    pods: labels.exactOptional().describe('Pods with all of these labels; {} are all of its namespace.'),
    namespace: dnsLabel.exactOptional().describe('Pods of this namespace instead of that of the rule.'),
    cidr: subnet.exactOptional().describe('Addresses outside the cluster, instead of pods.'),
    except: z
      .array(subnet)
      .min(1, { error: 'at least one subnet' })
      .exactOptional()
      .describe('Parts of cidr that are not meant.'),
  })
  .describe('One end of a connection: pods, or addresses.')

const ends = z.array(end).min(1, { error: 'at least one of {pods: …}, {namespace: …} and {cidr: …}' })

const rule = z
  .strictObject({
    from: ends.describe('Who begins the connection.'),
    to: ends.describe('Who answers it.'),
    ports: z
      .array(port)
      .min(1, { error: 'at least one port' })
      .exactOptional()
      .describe('Ports of those who answer: 8080 (TCP), the name http, 53/UDP. Otherwise all.'),
  })
  .describe('Connections that are allowed.')

const namespacePolicies = z
  .strictObject({
    deny: z
      .array(z.enum(['ingress', 'egress'], { error: 'ingress or egress' }))
      .min(1, { error: 'at least one of ingress and egress' })
      .describe(
        'What is denied to all its pods unless a rule allows it: connections to them (ingress), from them (egress).',
      ),
    dns: z
      .enum(['allow', 'deny'], { error: 'allow or deny' })
      .exactOptional()
      .describe('Whether its pods may ask CoreDNS for names. Must be said where egress is denied.'),
    allow: z
      .record(dnsLabel, rule)
      .default({})
      .describe('Rules by name. One that is deleted here is deleted in the cluster.'),
  })
  .describe('Who may talk to the pods of a namespace, and to whom they may.')

export const policies = z
  .record(dnsLabel, namespacePolicies)
  .describe(
    'Who may talk to whom, by namespace. A namespace that is not there yet is made, so that its first pod is under them; none is ever deleted.',
  )

export const policyEngine = z
  .enum(['kube-router'], { error: 'kube-router' })
  .describe('flannel only: who enforces policies, which flannel does not. kube-router runs as a firewall only.')
