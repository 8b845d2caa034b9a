import type { Change } from '../core/change.ts'
import type { KubeObject } from '../facts/kube-object.ts'
import { withLivingLines } from '../facts/object-record.ts'

/** Calico's objects once the living ones are seen: the same, and what changing them does to packets on their way. */
export function settledRoutes(objects: readonly KubeObject[]) {
  return (live: readonly KubeObject[]) => ({
    objects: withLivingLines(objects, live),
    changes: objects.flatMap((object) => {
      const before = live.find(({ kind, metadata }) => kind === object.kind && metadata.name === object.metadata.name)
      return before ? changed(before, object) : []
    }),
  })
}

function changed(before: KubeObject, after: KubeObject): readonly Change[] {
  if (after.kind === 'IPPool') {
    const disrupts = 'pods on different nodes do not reach each other until all nodes do the same'
    return different({ what: 'packets of pods between nodes', from: wrapped(before), to: wrapped(after), disrupts })
  }
  if (after.kind === 'BGPConfiguration') {
    const disrupts = 'nodes make their BGP sessions anew, and may have no routes to each other meanwhile'
    return different({ what: 'routes to pods', from: told(before), to: told(after), disrupts })
  }
  return []
}

function different(change: Change): readonly Change[] {
  return change.from === change.to ? [] : [change]
}

/** Source: docs.tigera.io, "IP pool", `ipipMode` and `vxlanMode`; both default to Never. */
function wrapped({ spec }: KubeObject): string {
  const { vxlanMode = 'Never', ipipMode = 'Never' } = spec as {
    readonly vxlanMode?: string
    readonly ipipMode?: string
  }
  if (vxlanMode !== 'Never') return `VXLAN, ${WHEN[vxlanMode] ?? vxlanMode}`
  return ipipMode === 'Never' ? 'not wrapped' : `IP-in-IP, ${WHEN[ipipMode] ?? ipipMode}`
}

const WHEN: Readonly<Record<string, string>> = { Always: 'always', CrossSubnet: 'between subnets' }

/** Source: docs.tigera.io, "BGP configuration"; Calico itself begins with a mesh in 64512. */
function told({ spec }: KubeObject): string {
  const { nodeToNodeMeshEnabled: mesh = true, asNumber = 64_512 } = spec as {
    readonly nodeToNodeMeshEnabled?: boolean
    readonly asNumber?: number
  }
  return `${mesh ? 'from every node to every other' : 'through route reflectors'}, AS ${asNumber}`
}
