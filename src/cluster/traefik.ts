import { ENTRY_RELEASES } from '../catalog/entry-releases.ts'
import { sha256 } from '../core/plan.ts'
import { type KubeObject, OUR_LABEL } from '../facts/kube-object.ts'
import { linesOf, recordObject } from '../facts/object-record.ts'
import type { Host, Ingress } from '../inventory/inventory.ts'
import { CONTROL_PLANE, takesAnyPod, tolerating } from './add-on-pod.ts'
import { INGRESS_RECORD, ingressClassOf, ingressReplicas } from './ingress.ts'
import { traefikArguments, traefikDynamic } from './traefik-settings.ts'

export const TRAEFIK_NAMESPACE = 'traefik'

/** As IngressClasses name it. Source: doc.traefik.io, "Kubernetes Ingress". */
export const TRAEFIK_CONTROLLER = 'traefik.io/ingress-controller'

const NAME = 'traefik'
const SELECTOR = { 'app.kubernetes.io/name': NAME }

/** The same as kubectl takes it. */
export const TRAEFIK_PODS = `app.kubernetes.io/name=${NAME}`
const LABELS = { ...SELECTOR, ...OUR_LABEL }
const CONFIG = 'traefik-dynamic'

/** Ports inside of its pods: it needs no right to low ones. */
const PORTS = [
  { name: 'web', containerPort: 8000, port: 80 },
  { name: 'websecure', containerPort: 8443, port: 443 },
] as const
export const PING_PORT = 8080

/** Traefik for Ingresses of its class. Its chart is no manifest, so the objects are our own; the record comes first. */
export function traefikObjects(ingress: Ingress, hosts: readonly Host[]): readonly KubeObject[] {
  const objects: readonly KubeObject[] = [
    { apiVersion: 'v1', kind: 'Namespace', metadata: { name: TRAEFIK_NAMESPACE, labels: LABELS } },
    ...rights(),
    ingressClass(ingress),
    inside('v1', 'ConfigMap', CONFIG, { data: { 'dynamic.yaml': traefikDynamic(ingress) } }),
    workload(ingress, hosts),
    ...(ingress.exposure === 'loadBalancer' ? [service(ingress)] : []),
  ]
  const [namespace, ...rest] = objects
  if (!namespace) return []
  const lines = linesOf(rest)
  return [namespace, recordObject({ namespace: TRAEFIK_NAMESPACE, name: INGRESS_RECORD }, lines), ...rest]
}

/** Lines of its record. */
export function traefikRecordLines(ingress: Ingress, hosts: readonly Host[]): readonly string[] {
  return linesOf(traefikObjects(ingress, hosts))
}

/** What the provider of Ingresses reads and writes. Source: doc.traefik.io, "Kubernetes Ingress", RBAC. */
function rights(): readonly KubeObject[] {
  const read = ['get', 'list', 'watch']
  const rules = [
    { apiGroups: [''], resources: ['services', 'secrets', 'nodes'], verbs: read },
    { apiGroups: ['discovery.k8s.io'], resources: ['endpointslices'], verbs: read },
    { apiGroups: ['networking.k8s.io'], resources: ['ingresses', 'ingressclasses'], verbs: read },
    { apiGroups: ['networking.k8s.io'], resources: ['ingresses/status'], verbs: ['update'] },
  ]
  const group = 'rbac.authorization.k8s.io'
  return [
    inside('v1', 'ServiceAccount', NAME, {}),
    { apiVersion: `${group}/v1`, kind: 'ClusterRole', metadata: { name: NAME, labels: LABELS }, rules },
    {
      apiVersion: `${group}/v1`,
      kind: 'ClusterRoleBinding',
      metadata: { name: NAME, labels: LABELS },
      roleRef: { apiGroup: group, kind: 'ClusterRole', name: NAME },
      subjects: [{ kind: 'ServiceAccount', name: NAME, namespace: TRAEFIK_NAMESPACE }],
    },
  ]
}

function ingressClass(ingress: Ingress): KubeObject {
  const annotations = { 'ingressclass.kubernetes.io/is-default-class': String(ingress.defaultClass) }
  return {
    apiVersion: 'networking.k8s.io/v1',
    kind: 'IngressClass',
    metadata: { name: ingressClassOf(ingress), labels: LABELS, annotations },
    spec: { controller: TRAEFIK_CONTROLLER },
  }
}

function workload(ingress: Ingress, hosts: readonly Host[]): KubeObject {
  const hostPorts = ingress.exposure === 'hostPorts'
  const annotations = { 'provision/config': sha256(traefikDynamic(ingress)) }
  const template = { metadata: { labels: LABELS, annotations }, spec: podSpec(ingress, hostPorts) }
  const object = inside('apps/v1', hostPorts ? 'DaemonSet' : 'Deployment', NAME, {
    spec: {
      ...(hostPorts
        ? {}
        : {
            replicas: ingressReplicas(ingress, hosts),
            strategy: { rollingUpdate: { maxUnavailable: 0, maxSurge: 1 } },
          }),
      selector: { matchLabels: SELECTOR },
      template,
    },
  })
  const taints = hosts.flatMap(({ taints }) => taints)
  // Nobody else may be there to run it.
  return hosts.some(takesAnyPod) ? object : tolerating([CONTROL_PLANE, ...taints])(object)
}

function podSpec(ingress: Ingress, hostPorts: boolean): object {
  const probe = { httpGet: { path: '/ping', port: PING_PORT }, timeoutSeconds: 10 }
  return {
    serviceAccountName: NAME,
    terminationGracePeriodSeconds: 60,
    securityContext: {
      runAsNonRoot: true,
      runAsUser: 65_532,
      runAsGroup: 65_532,
      seccompProfile: { type: 'RuntimeDefault' },
    },
    containers: [
      {
        name: NAME,
        image: ENTRY_RELEASES.traefik.images.traefik,
        imagePullPolicy: 'IfNotPresent',
        args: traefikArguments(ingress, { namespace: TRAEFIK_NAMESPACE, service: NAME, ports: PORTS, ping: PING_PORT }),
        ports: PORTS.map(({ name, containerPort, port }) => ({
          name,
          containerPort,
          protocol: 'TCP',
          ...(hostPorts ? { hostPort: port } : {}),
        })),
        readinessProbe: { ...probe, periodSeconds: 5 },
        livenessProbe: { ...probe, periodSeconds: 10 },
        securityContext: {
          allowPrivilegeEscalation: false,
          readOnlyRootFilesystem: true,
          capabilities: { drop: ['ALL'] },
        },
        volumeMounts: [
          { name: 'dynamic', mountPath: '/etc/traefik', readOnly: true },
          { name: 'tmp', mountPath: '/tmp' },
        ],
      },
    ],
    volumes: [
      { name: 'dynamic', configMap: { name: CONFIG } },
      { name: 'tmp', emptyDir: {} },
    ],
    ...(hostPorts ? {} : { topologySpreadConstraints: [SPREAD] }),
  }
}

/** Its pods on different nodes, where that is possible. */
const SPREAD = {
  maxSkew: 1,
  topologyKey: 'kubernetes.io/hostname',
  whenUnsatisfiable: 'ScheduleAnyway',
  labelSelector: { matchLabels: SELECTOR },
}

function service({ address, externalTrafficPolicy = 'Cluster' }: Ingress): KubeObject {
  // MetalLB and Cilium read one each.
  const wanted = { 'metallb.io/loadBalancerIPs': address, 'lbipam.cilium.io/ips': address }
  const annotations = address === undefined ? {} : { annotations: wanted }
  return {
    apiVersion: 'v1',
    kind: 'Service',
    metadata: { name: NAME, namespace: TRAEFIK_NAMESPACE, labels: LABELS, ...annotations },
    spec: {
      type: 'LoadBalancer',
      externalTrafficPolicy,
      selector: SELECTOR,
      ports: PORTS.map(({ name, port }) => ({ name, port, protocol: 'TCP', targetPort: name })),
    },
  }
}

function inside(apiVersion: string, kind: string, name: string, rest: object): KubeObject {
  return { apiVersion, kind, metadata: { name, namespace: TRAEFIK_NAMESPACE, labels: LABELS }, ...rest }
}
