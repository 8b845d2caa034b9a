import { type AddressRange, parseRange } from './address-range.ts'
import type { Inventory, PolicyEnd } from './inventory.ts'
import type { Problem } from './problem.ts'
import { problemAt } from './problem-at.ts'
import type { Raw } from './resolve.ts'
import type { Path } from './tree.ts'

/** What addresses of a rule must not be. */
export function cidrProblems(raw: Raw, { kubernetes }: Inventory, path: Path, end: PolicyEnd): readonly Problem[] {
  const { cidr, except = [] } = end
  const whole = cidr === undefined ? undefined : parseRange(cidr)
  if (!whole) return []
  const at = [...path, 'cidr']
  if (isInside(whole, parseRange(kubernetes.serviceSubnet))) {
    const what = `${cidr} lies in serviceSubnet, and policies see the address of the pod behind a Service, never that of the Service`
    return [problemAt(raw, at, what, 'name the pods: {namespace: …, pods: {app: …}}')]
  }
  if (isInside(whole, parseRange(kubernetes.podSubnet))) {
    const what = `${cidr} lies in podSubnet, and a pod has another address each time it starts`
    return [problemAt(raw, at, what, 'name the pods: {namespace: …, pods: {app: …}}')]
  }
  const pods = parseRange(kubernetes.podSubnet)
  if (isInside(pods, whole) && !except.some((text) => isInside(pods, parseRange(text)))) {
    const what = `${cidr} contains podSubnet ${kubernetes.podSubnet}: it would mean every pod of the cluster as well`
    return [
      problemAt(raw, at, what, `write except: [${kubernetes.podSubnet}] beside it; pods are named: {namespace: …}`),
    ]
  }
  return except.flatMap((text, i) => {
    const part = parseRange(text)
    if (isInside(part, whole) && !isInside(whole, part)) return []
    const what = text === cidr ? `${text} leaves out all of cidr ${cidr}` : `${text} does not lie in cidr ${cidr}`
    return [problemAt(raw, [...path, 'except', i], what, 'leave out a smaller subnet that lies in it')]
  })
}

/** Whether all of the first is in the second. */
export function isInside(inner: AddressRange | undefined, outer: AddressRange | undefined): boolean {
  if (!inner || !outer || inner.family !== outer.family) return false
  return outer.first <= inner.first && inner.last <= outer.last
}
