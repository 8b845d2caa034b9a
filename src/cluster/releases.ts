import { KUBERNETES_VERSIONS, type Releases, releasesFor } from '../catalog/releases.ts'
import { InputError } from '../core/errors.ts'
import type { Inventory } from '../inventory/inventory.ts'

/** What an inventory's version of Kubernetes comes with. @throws InputError for a version nobody has tried with the rest */
export function releasesOf({ file, kubernetes: { version } }: Pick<Inventory, 'file' | 'kubernetes'>): Releases {
  const found = releasesFor(version)
  if (found !== undefined) return found
  throw new InputError({
    what: `kubernetes.version is ${JSON.stringify(version)}, which this version of provision does not install`,
    where: file,
    why: `it knows etcd, CoreDNS and digests of ${KUBERNETES_VERSIONS.join(', ')}`,
    fix: `write version: "${nearest(version)}"`,
  })
}

/** The newest known patch of the same minor, else the newest of all. */
function nearest(version: string): string | undefined {
  const minor = (text: string) => text.split('.').slice(0, 2).join('.')
  return KUBERNETES_VERSIONS.find((known) => minor(known) === minor(version)) ?? KUBERNETES_VERSIONS[0]
}
