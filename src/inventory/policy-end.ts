import type { PolicyEnd, PolicyPort } from './inventory.ts'

/** Pods at one end of a connection: all with these labels. */
export interface PodsEnd {
  readonly namespace: string
  readonly pods: Readonly<Record<string, string>>
}

/** The pods an end of a rule in `namespace` means; undefined: it means addresses. */
export function podsEnd(end: PolicyEnd, namespace: string): PodsEnd | undefined {
  return end.cidr === undefined ? { namespace: end.namespace ?? namespace, pods: end.pods ?? {} } : undefined
}

/** Whether it means pods of the namespace whose rule it is in. */
export function isHere(end: PolicyEnd, namespace: string): boolean {
  return podsEnd(end, namespace)?.namespace === namespace
}

/** Whether one pod can be both. */
export function mayBeSame(a: PodsEnd, b: PodsEnd): boolean {
  return a.namespace === b.namespace && Object.entries(a.pods).every(([key, value]) => (b.pods[key] ?? value) === value)
}

/** Whether every pod that is the one is the other. */
export function isWithin(inner: PodsEnd, outer: PodsEnd): boolean {
  return (
    inner.namespace === outer.namespace && Object.entries(outer.pods).every(([key, value]) => inner.pods[key] === value)
  )
}

/** `shop/app=frontend`, `shop/*`, `10.0.0.0/8 but 10.1.0.0/16`. */
export function endText(end: PolicyEnd, namespace: string): string {
  const pods = podsEnd(end, namespace)
  if (pods) return podsText(pods)
  return `${end.cidr}${end.except === undefined ? '' : ` but ${end.except.join(', ')}`}`
}

export function podsText({ namespace, pods }: PodsEnd): string {
  const labels = Object.entries(pods).map(([key, value]) => `${key}=${value}`)
  return `${namespace}/${labels.length === 0 ? '*' : labels.toSorted().join(',')}`
}

export interface PortWanted {
  /** A number, or the name a pod gives it. */
  readonly port: number | string
  readonly protocol: 'TCP' | 'UDP' | 'SCTP'
}

/** `53/UDP`. */
export function portOf(text: PolicyPort): PortWanted {
  const [port = '', protocol = 'TCP'] = String(text).split('/')
  const number = Number(port)
  return { port: Number.isInteger(number) ? number : port, protocol: protocol as PortWanted['protocol'] }
}

export function portText({ port, protocol }: PortWanted): string {
  return protocol === 'TCP' ? String(port) : `${port}/${protocol}`
}

/** Whether a port may be in both lists; without a list it is every port. A name may be any number. */
export function portsMeet(a: readonly PolicyPort[] | undefined, b: readonly PolicyPort[] | undefined): boolean {
  if (a === undefined || b === undefined) return true
  const others = b.map(portOf)
  return a
    .map(portOf)
    .some(({ port, protocol }) =>
      others.some((other) => other.protocol === protocol && (other.port === port || typeof other.port !== typeof port)),
    )
}
