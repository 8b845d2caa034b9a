import { describe, expect, test } from 'vitest'
import { goIsAtLeast, goMod, linkerFlags, parseGoMod, programFile } from '../../../src/lab/bundle/go-module.ts'
import type { GoRecipe } from '../../../src/lab/bundle/recipe.ts'

const UPSTREAM = `// comment
module k8s.io/kubernetes

go 1.26.0

godebug default=go1.26

require (
	k8s.io/api v0.0.0
	github.com/x/y v1.2.3 // indirect
)

replace (
	k8s.io/api => ./staging/src/k8s.io/api
	k8s.io/client-go => ./staging/src/k8s.io/client-go // why
)

replace github.com/a/b v1.0.0 => github.com/c/b v1.0.1
`

const recipe: GoRecipe = {
  kind: 'go',
  name: 'kubernetes',
  title: 'Kubernetes',
  licence: 'Apache-2.0',
  modules: [{ path: 'k8s.io/kubernetes', version: 'v1.36.3' }],
  stagingVersion: 'v0.36.3',
  replaces: [{ path: 'github.com/gone', version: 'v1.3.75' }],
  cgo: false,
  defines: { 'k8s.io/component-base/version.gitVersion': 'v1.36.3' },
  programs: [{ package: 'k8s.io/kubernetes/cmd/kubelet' }],
}

test('parseGoMod takes what Go reads of the main module only', () => {
  expect(parseGoMod(UPSTREAM)).toEqual({
    go: '1.26.0',
    godebug: ['default=go1.26'],
    replaces: [
      { from: 'k8s.io/api', to: './staging/src/k8s.io/api' },
      { from: 'k8s.io/client-go', to: './staging/src/k8s.io/client-go' },
      { from: 'github.com/a/b', fromVersion: 'v1.0.0', to: 'github.com/c/b', toVersion: 'v1.0.1' },
    ],
  })
})

describe('goMod', () => {
  test('repeats replacements, folders by their published version', () => {
    expect(goMod(recipe, parseGoMod(UPSTREAM))).toBe(`module bundle.local/kubernetes

go 1.26.0
godebug default=go1.26

require k8s.io/kubernetes v1.36.3

replace k8s.io/api => k8s.io/api v0.36.3
replace k8s.io/client-go => k8s.io/client-go v0.36.3
replace github.com/a/b v1.0.0 => github.com/c/b v1.0.1
replace github.com/gone => github.com/gone v1.3.75
`)
  })

  test('leaves out folders whose version upstream itself requires', () => {
    const { stagingVersion: _, ...without } = recipe
    expect(goMod(without, parseGoMod(UPSTREAM))).not.toContain('k8s.io/api')
  })
})

test.each([
  ['k8s.io/kubernetes/cmd/kubelet', 'kubelet'],
  ['go.etcd.io/etcd/server/v3', 'server'],
  ['github.com/coredns/coredns', 'coredns'],
  ['github.com/containerd/containerd/v2/cmd/ctr', 'ctr'],
])('%s is built as %s', (path, file) => {
  expect(programFile({ package: path })).toBe(file)
})

test('linkerFlags strips, defines, and links C statically', () => {
  expect(linkerFlags(recipe)).toBe('-s -w -X k8s.io/component-base/version.gitVersion=v1.36.3')
  expect(linkerFlags({ ...recipe, cgo: true, defines: {} })).toBe('-s -w -linkmode external -extldflags -static')
})

test.each([
  ['go1.26.8 linux/amd64', '1.26.0', true],
  ['go1.26.0', '1.26.2', false],
  ['go1.25.9', '1.26.0', false],
  ['go1.9', '1.26', false],
  ['go2.0', '1.26.0', true],
  ['devel +abc', '1.26.0', true],
])('Go %s for %s: %s', (installed, wanted, enough) => {
  expect(goIsAtLeast(installed, wanted)).toBe(enough)
})
