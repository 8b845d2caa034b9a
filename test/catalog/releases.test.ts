import { describe, expect, it } from 'vitest'
import { downloadsFor } from '../../src/catalog/downloads.ts'
import { controlPlaneImages, KUBERNETES_VERSIONS, RELEASES, releasesFor } from '../../src/catalog/releases.ts'
import { releasesOf } from '../../src/cluster/releases.ts'
import { recipesFor } from '../../src/lab/bundle/recipes.ts'
import { nodeOf, ONE_NODE } from '../support/node.ts'

describe.each(KUBERNETES_VERSIONS)('Kubernetes %s', (version) => {
  const releases = releasesFor(version) ?? RELEASES

  it('can be downloaded for both processors, with a digest of its own', () => {
    const all = downloadsFor(releases)
    for (const arch of ['amd64', 'arm64'] as const) {
      for (const name of ['kubeadm', 'kubelet', 'kubectl']) {
        const found = all.filter((each) => each.arch === arch && name in each.holds)
        expect(found).toMatchObject([{ version: `v${version}`, path: expect.stringContaining(`/v${version}/`) }])
      }
    }
    expect(new Set(all.map(({ sha256 }) => sha256)).size).toBe(all.length)
  })

  it('can be compiled by the lab: every image its kubeadm wants', () => {
    const made = recipesFor(releases).flatMap((recipe) => (recipe.kind === 'image' ? [recipe.reference] : []))
    expect(made).toEqual(expect.arrayContaining(Object.values(controlPlaneImages(releases))))
  })
})

it('versions share no digest of their programs', () => {
  const all = KUBERNETES_VERSIONS.flatMap((version) => downloadsFor(releasesFor(version) ?? RELEASES))
  const own = all.filter(({ holds }) => 'kubelet' in holds || 'kubeadm' in holds || 'kubectl' in holds)
  expect(new Set(own.map(({ sha256 }) => sha256)).size).toBe(own.length)
})

it('what is not known is refused, with what is possible', () => {
  const inventory = (version: string) => nodeOf(ONE_NODE.replace('1.36.3', version)).inventory
  expect(releasesOf(inventory('1.36.1')).kubernetes.version).toBe('v1.36.1')
  expect(() => releasesOf(inventory('1.35.9'))).toThrow('1.35.9')
  try {
    releasesOf(inventory('1.35.9'))
  } catch (error) {
    expect(error).toMatchObject({ exit: 2, trouble: { fix: 'write version: "1.35.4"' } })
  }
})
