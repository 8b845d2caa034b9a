import { expect, it } from 'vitest'
import type { ArtifactFile } from '../../src/artifacts/artifact.ts'
import { refuseOtherVersion } from '../../src/cli/bundle-version.ts'
import { InputError } from '../../src/core/errors.ts'
import { nodeOf, ONE_NODE } from '../support/node.ts'

const { inventory } = nodeOf(ONE_NODE)
const bundle = (versions: Readonly<Record<string, string>>) => ({
  async artifact(name: string): Promise<ArtifactFile> {
    const version = versions[name]
    if (version === undefined) throw new InputError({ what: `no ${name}` })
    const artifact = { name, version, arch: 'amd64', kind: 'binary', sha256: '0', size: 1, licence: 'x' } as const
    return { artifact, path: '/', open: () => (async function* () {})() }
  },
})

it('a bundle of another version of Kubernetes is refused, with both', async () => {
  const other = refuseOtherVersion(bundle({ kubeadm: 'v1.36.3', kubelet: 'v1.35.4' }), inventory)
  await expect(other).rejects.toMatchObject({
    exit: 2,
    trouble: { what: 'kubernetes.version is 1.36.3, and the bundle holds kubelet v1.35.4' },
  })
})

it('what a bundle does not hold is not its business', async () => {
  await refuseOtherVersion(bundle({ kubeadm: 'v1.36.3' }), inventory)
})
