import { z } from 'zod'
import {
  address,
  dnsLabel,
  dnsName,
  duration,
  flag,
  hostPath,
  hostPort,
  localPath,
  subnet,
  url,
  version,
} from './scalars.ts'
import { addons } from './schema-addons.ts'
import { certManager } from './schema-cert-manager.ts'
import { virtualAddress } from './schema-endpoint.ts'
import { group, host, settings } from './schema-host.ts'
import { ingress } from './schema-ingress.ts'
import { loadBalancer } from './schema-load-balancer.ts'
import { network } from './schema-network.ts'
import { policies } from './schema-policies.ts'

const schedulers = ['rr', 'wrr', 'lc', 'wlc', 'lblc', 'lblcr', 'sh', 'dh', 'sed', 'nq', 'mh', 'fo', 'ovf'] as const

const kubeProxy = z
  .strictObject({
    mode: z
      .enum(['ipvs', 'nftables', 'iptables', 'none'])
      .default('ipvs')
      .describe(
        'How service addresses reach pods. ipvs is deprecated upstream and goes with Kubernetes 1.43; nftables wants kernel 5.13. none: network.cni cilium takes kube-proxy’s place, and nothing else does.',
      ),
    scheduler: z
      .enum(schedulers)
      .default('rr')
      .describe('ipvs only: how connections are spread over pods. rr takes turns.'),
    strictARP: flag
      .default(false)
      .describe(
        'ipvs only: answer ARP only for addresses of the very card. True by itself where a pool of loadBalancer has mode l2.',
      ),
    tcpTimeout: duration
      .exactOptional()
      .describe('ipvs only: idle TCP connections are forgotten after this. Otherwise the kernel decides.'),
    tcpFinTimeout: duration.exactOptional().describe('ipvs only: the same after FIN.'),
    udpTimeout: duration.exactOptional().describe('ipvs only: the same for UDP.'),
  })
  .prefault({})
  .describe('kube-proxy.')

const timeouts = z
  .strictObject({
    controlPlaneComponentHealthCheck: duration
      .exactOptional()
      .describe('API server, scheduler and controller manager become healthy (4m).'),
    kubeletHealthCheck: duration.exactOptional().describe('The kubelet becomes healthy (4m).'),
    kubernetesAPICall: duration.exactOptional().describe('One call to the API (1m).'),
    etcdAPICall: duration.exactOptional().describe('One call to etcd (2m).'),
    tlsBootstrap: duration.exactOptional().describe('The kubelet gets its certificate (5m).'),
    discovery: duration.exactOptional().describe('A joining node finds the cluster (5m).'),
  })
  .prefault({})
  .describe("kubeadm's patience, for slow machines; in brackets kubeadm's own values.")

export const kubernetes = z
  .strictObject({
    version: version.describe('Version of the whole cluster, in quotes.'),
    podSubnet: subnet.default('10.244.0.0/16').describe('Addresses of pods. Must overlap nothing else you use.'),
    serviceSubnet: subnet.default('10.96.0.0/12').describe('Addresses of services.'),
    dnsDomain: dnsName.default('cluster.local').describe('Domain of names inside the cluster.'),
    controlPlaneEndpoint: hostPort
      .exactOptional()
      .describe(
        'host:port all nodes reach the API by. Cannot be changed later; give one if a second control plane may ever come. Otherwise the address of the first control plane.',
      ),
    virtualAddress: virtualAddress.exactOptional(),
    certSANs: z.array(address).default([]).describe("More names and addresses in the API server's certificate."),
    kubeProxy,
    etcd: z
      .strictObject({
        dataDir: hostPath
          .default('/var/lib/etcd')
          .describe('Put it on NVMe; where it is a mount of its own, a folder below that mount.'),
      })
      .prefault({})
      .describe('etcd.'),
    timeouts,
  })
  .describe('The cluster.')

export const runtime = z
  .strictObject({
    registryMirrors: z
      .record(
        z.string().regex(/^([a-z0-9.-]+(:[0-9]+)?|_default)$/, { error: 'a registry like docker.io, or _default' }),
        z.array(url).min(1, { error: 'at least one address' }),
      )
      .default({})
      .describe(
        'Where images of a registry are fetched first, in order; the registry itself comes last. _default stands for all others.',
      ),
  })
  .prefault({})
  .describe('What runs containers.')

export const artifacts = z
  .strictObject({
    source: z
      .union(
        [
          z.enum(['release', 'lab']),
          z.strictObject({ mirror: url.describe('The same layout at another address.') }),
          z.strictObject({ bundle: localPath.describe('A folder or tar made by `provision bundle`.') }),
        ],
        { error: 'release, lab, {mirror: URL} or {bundle: PATH}' },
      )
      .default('release')
      .describe(
        "release: the projects' own download places. lab: compiled on this machine where those cannot be reached. Or a mirror, or a bundle for sites without internet.",
      ),
  })
  .prefault({})
  .describe('Where binaries, images and manifests come from. Each is checked against its digest, whatever the source.')

const hostName = dnsLabel.refine((name) => name !== 'all', { error: 'another name: all stands for every host' })

export const inventory = z
  .strictObject({
    name: dnsLabel.describe('Name of the cluster.'),
    kubernetes,
    runtime,
    network,
    artifacts,
    loadBalancer: loadBalancer.exactOptional(),
    policies: policies.exactOptional(),
    addons: addons.exactOptional(),
    ingress: ingress.exactOptional(),
    certManager: certManager.exactOptional(),
    ...settings,
    groups: z.record(dnsLabel, group).exactOptional().describe('Groups of hosts by name.'),
    hosts: z.record(hostName, host).describe('The machines by name.'),
  })
  .meta({ title: 'provision inventory', description: 'The machines, and the cluster they are to become.' })

/** Sections that layer: defaults < top < groups < host < --set. */
export const layered = Object.keys(settings) as readonly (keyof typeof settings)[]
