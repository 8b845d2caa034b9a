import { describe, expect, test } from 'vitest'
import { CONTROL_PLANE_IMAGES, RELEASES } from '../../../src/catalog/releases.ts'
import { partDigest } from '../../../src/lab/bundle/part.ts'
import { artifactsOf, inputsOf } from '../../../src/lab/bundle/recipe.ts'
import { RECIPES } from '../../../src/lab/bundle/recipes.ts'

describe('recipes', () => {
  test('every part and every artifact has a name of its own', () => {
    const parts = RECIPES.map((recipe) => recipe.name)
    const artifacts = RECIPES.flatMap(artifactsOf)
    expect(new Set(parts).size).toBe(parts.length)
    expect(new Set(artifacts).size).toBe(artifacts.length)
  })

  test('a part comes after the parts it is made from', () => {
    for (const [i, recipe] of RECIPES.entries()) {
      const before = RECIPES.slice(0, i).map((each) => each.name)
      expect(before).toEqual(expect.arrayContaining([...inputsOf(recipe)]))
    }
  })

  test('hold what a node needs, and every image kubeadm and Flannel ask for', () => {
    const artifacts = RECIPES.flatMap(artifactsOf)
    const binaries = ['kubeadm', 'kubelet', 'kubectl', 'containerd', 'containerd-shim-runc-v2', 'ctr', 'runc', 'crictl']
    const plugins = ['bridge', 'host-local', 'loopback', 'portmap'].map((name) => `cni/${name}`)
    expect(artifacts).toEqual(expect.arrayContaining([...binaries, ...plugins, 'kube-flannel.yml']))
    const references = RECIPES.flatMap((recipe) => (recipe.kind === 'image' ? [recipe.reference] : []))
    const wanted = [...Object.values(CONTROL_PLANE_IMAGES), ...Object.values(RELEASES.flannel.images)]
    expect(references).toEqual(expect.arrayContaining(wanted))
  })

  test('all say their licence', () => {
    for (const recipe of RECIPES) expect(recipe.licence).toMatch(/^[A-Za-z0-9.-]+( AND [A-Za-z0-9.-]+)*$/)
  })
})

test('a part is known by its recipe and by what it is made with', () => {
  const [first, second] = RECIPES
  if (first === undefined || second === undefined) throw new Error('no recipes')
  expect(partDigest(first, ['go1.26.8'])).toBe(partDigest(structuredClone(first), ['go1.26.8']))
  expect(partDigest(first, ['go1.26.9'])).not.toBe(partDigest(first, ['go1.26.8']))
  expect(partDigest(second, ['go1.26.8'])).not.toBe(partDigest(first, ['go1.26.8']))
})
