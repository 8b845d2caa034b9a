import { RELEASES } from '../catalog/releases.ts'
import { type KubeObject, OUR_LABEL } from '../facts/kube-object.ts'
import { parseRange, subnetsOf } from '../inventory/address-range.ts'
import type { Inventory } from '../inventory/inventory.ts'

type Settings = Pick<Inventory, 'kubernetes' | 'loadBalancer'>

const NAME = 'kube-router'
const NAMESPACE = 'kube-system'

/** Where it says that it is well. Source: kube-router's command line, `--health-port`. */
export const KUBE_ROUTER_HEALTH = { port: 20_244, path: '/healthz' } as const

/**
 * kube-router as a firewall and nothing else: Flannel carries the packets, kube-proxy the Services. Objects of our own, as small
 * as its documentation allows ("Network policy controller" at kube-router.io): it reads what policies are made of, and writes
 * nothing to the API.
 */
export function kubeRouterObjects(settings: Settings): readonly KubeObject[] {
  const role = { apiGroup: 'rbac.authorization.k8s.io', kind: 'ClusterRole', name: NAME }
  return [
    { apiVersion: 'v1', kind: 'ServiceAccount', metadata: meta(NAMESPACE) },
    {
      apiVersion: 'rbac.authorization.k8s.io/v1',
      kind: 'ClusterRole',
      metadata: meta(),
      rules: [
        readable('', ['endpoints', 'namespaces', 'nodes', 'pods', 'services']),
        readable('discovery.k8s.io', ['endpointslices']),
        readable('networking.k8s.io', ['networkpolicies']),
      ],
    },
    {
      apiVersion: 'rbac.authorization.k8s.io/v1',
      kind: 'ClusterRoleBinding',
      metadata: meta(),
      roleRef: role,
      subjects: [{ kind: 'ServiceAccount', name: NAME, namespace: NAMESPACE }],
    },
    {
      apiVersion: 'apps/v1',
      kind: 'DaemonSet',
      metadata: meta(NAMESPACE),
      spec: {
        selector: { matchLabels: { 'k8s-app': NAME } },
        updateStrategy: { type: 'RollingUpdate', rollingUpdate: { maxUnavailable: 1 } },
        template: { metadata: { labels: { 'k8s-app': NAME } }, spec: podSpec(settings) },
      },
    },
  ]
}

function meta(namespace?: string): KubeObject['metadata'] {
  const labels = { 'k8s-app': NAME, ...OUR_LABEL }
  return { name: NAME, ...(namespace === undefined ? {} : { namespace }), labels }
}

function readable(apiGroup: string, resources: readonly string[]): object {
  return { apiGroups: [apiGroup], resources, verbs: ['get', 'list', 'watch'] }
}

/**
 * Addresses of LoadBalancer Services are the node's own with kube-proxy in IPVS mode, as those of Services are. Source:
 * kube-router.io, "User Guide", `--loadbalancer-ip-range`, which takes subnets only.
 */
function poolSubnets(loadBalancer: Settings['loadBalancer']): readonly string[] {
  const addresses = Object.values(loadBalancer?.metallb.pools ?? {}).flatMap((pool) => pool.addresses)
  return addresses.flatMap((text) => {
    const range = parseRange(text)
    return range ? subnetsOf(range) : []
  })
}

/** On every node, whatever its taints: a pod on a node without it is under no policy. */
function podSpec({ kubernetes: { serviceSubnet }, loadBalancer }: Settings): object {
  return {
    hostNetwork: true,
    serviceAccountName: NAME,
    priorityClassName: 'system-node-critical',
    tolerations: [{ operator: 'Exists' }],
    containers: [
      {
        name: NAME,
        image: RELEASES.kubeRouter.images['kube-router'],
        imagePullPolicy: 'IfNotPresent',
        args: [
          '--run-firewall=true',
          '--run-router=false',
          '--run-service-proxy=false',
          // Connections to Services are let through to where a policy can see the pod behind them.
          `--service-cluster-ip-range=${serviceSubnet}`,
          ...poolSubnets(loadBalancer).map((subnet) => `--loadbalancer-ip-range=${subnet}`),
          `--health-port=${KUBE_ROUTER_HEALTH.port}`,
        ],
        env: [{ name: 'NODE_NAME', valueFrom: { fieldRef: { apiVersion: 'v1', fieldPath: 'spec.nodeName' } } }],
        livenessProbe: {
          httpGet: { ...KUBE_ROUTER_HEALTH, scheme: 'HTTP' },
          initialDelaySeconds: 30,
          periodSeconds: 10,
          // Not to be restarted for being slow on a busy node: its rules stay, but do not follow.
          timeoutSeconds: 10,
        },
        resources: { requests: { cpu: '50m', memory: '64Mi' } },
        securityContext: { privileged: true },
        volumeMounts: [
          { name: 'lib-modules', mountPath: '/lib/modules', readOnly: true },
          { name: 'xtables-lock', mountPath: '/run/xtables.lock' },
        ],
      },
    ],
    volumes: [
      { name: 'lib-modules', hostPath: { path: '/lib/modules', type: '' } },
      { name: 'xtables-lock', hostPath: { path: '/run/xtables.lock', type: 'FileOrCreate' } },
    ],
  }
}
