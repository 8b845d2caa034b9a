import { stringify } from 'yaml'
import type { Ingress } from '../inventory/inventory.ts'

interface Place {
  readonly namespace: string
  readonly service: string
  readonly ports: readonly { readonly name: string; readonly containerPort: number }[]
  readonly ping: number
}

/** Settings that Traefik takes when it starts. Source: doc.traefik.io, "Static configuration: CLI" (v3.6). */
export function traefikArguments(ingress: Ingress, { namespace, service, ports, ping }: Place): readonly string[] {
  const { logLevel, accessLog, forwardedHeaders, transport } = ingress.traefik
  return [
    '--global.checkNewVersion=false',
    '--global.sendAnonymousUsage=false',
    `--log.level=${logLevel}`,
    ...(accessLog ? ['--accessLog=true', '--accessLog.format=json'] : []),
    '--ping=true',
    `--entryPoints.traefik.address=:${ping}`,
    ...ports.flatMap(({ name, containerPort }) => [
      `--entryPoints.${name}.address=:${containerPort}`,
      ...(forwardedHeaders
        ? [`--entryPoints.${name}.forwardedHeaders.trustedIPs=${forwardedHeaders.trustedIPs.join(',')}`]
        : []),
      ...Object.entries(transport).map(
        ([key, value]) => `--entryPoints.${name}.transport.respondingTimeouts.${key}=${value}`,
      ),
    ]),
    '--entryPoints.websecure.http.tls=true',
    '--providers.kubernetesIngress=true',
    `--providers.kubernetesIngress.ingressClass=${ingress.class ?? ingress.controller}`,
    ...(ingress.exposure === 'loadBalancer'
      ? [`--providers.kubernetesIngress.ingressEndpoint.publishedService=${namespace}/${service}`]
      : []),
    '--providers.file.filename=/etc/traefik/dynamic.yaml',
  ]
}

const VERSIONS = { '1.2': 'VersionTLS12', '1.3': 'VersionTLS13' } as const

/** Settings that it reads from a file: TLS is none of the others. */
export function traefikDynamic({ traefik }: Ingress): string {
  return stringify({ tls: { options: { default: { minVersion: VERSIONS[traefik.tls.minVersion] } } } })
}
