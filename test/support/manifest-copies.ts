import { readFileSync } from 'node:fs'
import type { Artifacts } from '../../src/cluster/node.ts'
import { Value } from '../../src/core/value.ts'
import { NO_ARTIFACTS } from './node.ts'

const FOLDER = new URL('../cases/manifests/', import.meta.url)

/** Upstream's own text of a manifest, as its release has it; `release` is a folder of an older one. */
export function manifestCopy(name: string, release = ''): string {
  return readFileSync(new URL(`${release === '' ? '' : `${release}/`}${name}`, FOLDER), 'utf8')
}

/** Artifacts whose manifests are those copies. */
export function copiedArtifacts(release = ''): Artifacts {
  return {
    ...NO_ARTIFACTS,
    manifest: (name) => Value.of(name, manifestCopy(name, release)),
    rendered: (chart, { values }) => Value.of(chart, manifestCopy(renderedWith(values))),
  }
}

/** The chart rendered with kube-proxy replaced or not; what else is in its values shows in `test/cluster/cilium.test.ts`. */
function renderedWith({ kubeProxyReplacement }: Readonly<Record<string, unknown>>): string {
  return kubeProxyReplacement === true ? 'cilium-native-without-kube-proxy.yaml' : 'cilium-vxlan.yaml'
}
