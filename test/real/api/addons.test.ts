import { mkdir, mkdtemp, rm, writeFile } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterAll, beforeAll, describe, expect, test } from 'vitest'
import { readAddons } from '../../../src/cli/addons-read.ts'
import type { Compiled } from '../../../src/core/play.ts'
import { local } from '../../../src/transport/local.ts'
import { ApiHost } from '../../support/api-host.ts'
import { apiNode } from '../../support/api-node.ts'
import { apiPlay } from '../../support/api-play.ts'
import { labParts } from '../../support/lab-parts.ts'
import { ONE_NODE } from '../../support/node.ts'

const CRD = `apiVersion: apiextensions.k8s.io/v1
kind: CustomResourceDefinition
metadata: {name: widgets.example.com}
spec:
  group: example.com
  scope: Namespaced
  names: {kind: Widget, plural: widgets, singular: widget}
  versions:
    - {name: v1, served: true, storage: true, schema: {openAPIV3Schema: {type: object, x-kubernetes-preserve-unknown-fields: true}}}
`
const WIDGETS = `${CRD}---
{apiVersion: v1, kind: Namespace, metadata: {name: web}}
---
{apiVersion: example.com/v1, kind: Widget, metadata: {name: first, namespace: web}, spec: {size: 1}}
---
{apiVersion: v1, kind: ConfigMap, metadata: {name: settings}, data: {a: "1"}}
---
{apiVersion: rbac.authorization.k8s.io/v1, kind: ClusterRole, metadata: {name: "widgets:read"}, rules: [{apiGroups: [example.com], resources: [widgets], verbs: [get]}]}
`
const FEWER = `${CRD}---
{apiVersion: v1, kind: Namespace, metadata: {name: web}}
---
{apiVersion: example.com/v1, kind: Widget, metadata: {name: first, namespace: web}, spec: {size: 2}}
`

let host: ApiHost
let folder: string
let kubectl: string
beforeAll(async () => {
  folder = await mkdtemp(join(tmpdir(), 'addons-'))
  kubectl = join((await labParts(['kubernetes-node']))['kubernetes-node'], 'kubectl')
  await mkdir(join(folder, 'site'))
  await writeFile(
    join(folder, 'site/kustomization.yaml'),
    'namespace: web\nnamePrefix: our-\nresources: [map.yaml]\nconfigMapGenerator: [{name: made, literals: [x=1]}]\n',
  )
  await writeFile(join(folder, 'site/map.yaml'), '{apiVersion: v1, kind: ConfigMap, metadata: {name: map}}\n')
  host = await ApiHost.serving(await apiNode(ONE_NODE))
}, 180_000)
afterAll(async () => {
  await host?.[Symbol.asyncDispose]()
  await rm(folder, { recursive: true, force: true })
})

const OURS = /^(manifests:addon.*|removed:addons|condition:addon-.*)$/

/** What an inventory with these add-ons comes to; kustomizations are rendered by the lab's kubectl. */
async function play(addons: string, widgets = WIDGETS): Promise<Compiled> {
  await writeFile(join(folder, 'widgets.yaml'), widgets)
  const node = await apiNode(`${ONE_NODE}addons: ${addons.replaceAll('FOLDER', folder)}\n`)
  const read = await readAddons(node.inventory, {
    cacheDir: folder,
    run: ([_kubectl, ...rest], options) => local([kubectl, ...rest], options),
  })
  return apiPlay(read ? { ...node, addons: read } : node, OURS)
}

const PRUNED =
  '{name: widgets, manifests: [FOLDER/widgets.yaml], prune: true, wait: [{established: widgets.example.com}, {condition: NamesAccepted=True, of: apiextensions.k8s.io/v1 CustomResourceDefinition widgets.example.com}]}'
const BOTH = `[${PRUNED}, {name: site, kustomize: FOLDER/site}]`

const widgetSize = () => host.kubectl("-n web get widget first -o jsonpath='{.spec.size}'")

// In order: each begins with what the one before left.
describe('add-ons', () => {
  test('are accepted in one run, kinds before their objects', async () => {
    expect((await host.carryOut(await play(BOTH))).result).toMatchObject({ verdict: 'ok', failures: [] })
    expect(await widgetSize()).toBe('1')
    expect(await host.kubectl('-n web get configmaps -o name')).toMatch(
      /configmap\/our-made-[a-z0-9]+\nconfigmap\/our-map/,
    )
    expect(await host.kubectl('-n default get configmap settings -o name')).toContain('settings')
  })

  test('change nothing the second time, by one look', async () => {
    const { result } = await host.carryOut(await play(BOTH))
    expect(result).toMatchObject({ verdict: 'ok', changed: 0, counters: { channels: 1 } })
  })

  test('name the one who took a field', async () => {
    await host.kubectl('apply --server-side --force-conflicts --field-manager=somebody -f -', {
      apiVersion: 'v1',
      kind: 'ConfigMap',
      metadata: { name: 'settings', namespace: 'default' },
      data: { a: 'theirs' },
    })
    const { result, plan } = await host.carryOut(await play(BOTH))
    expect(result.verdict).not.toBe('ok')
    expect(plan?.resources.find(({ key }) => key === 'manifests:addon:widgets')?.note).toMatch(/somebody/)
    await host.kubectl('-n default delete configmap settings')
    expect((await host.carryOut(await play(BOTH))).result).toMatchObject({ verdict: 'ok', changed: 1 })
  })

  test('lose what they no longer have, where that was asked for', async () => {
    const { result, plan } = await host.carryOut(await play(`[${PRUNED}]`, FEWER))
    expect(result).toMatchObject({ verdict: 'ok', failures: [] })
    const removed = plan?.resources.find(({ key }) => key === 'removed:addons')?.changes.map(({ what }) => what)
    expect(removed?.toSorted()).toEqual(['ClusterRole widgets:read', 'ConfigMap default/settings'])
    expect(await widgetSize()).toBe('2')
    expect(await host.kubectl('get configmap -n default settings --ignore-not-found -o name')).toBe('')
    // Nobody asked for these to be deleted.
    expect(await host.kubectl('-n web get configmap our-map -o name')).toContain('our-map')
    expect((await host.carryOut(await play(`[${PRUNED}]`, FEWER))).result).toMatchObject({ verdict: 'ok', changed: 0 })
  })

  test('go with the list, but not their kinds and namespaces', async () => {
    expect((await host.carryOut(await play('[]'))).result).toMatchObject({ verdict: 'ok', failures: [] })
    expect(await host.kubectl('-n web get widgets --ignore-not-found -o name')).not.toContain('first')
    expect(await host.kubectl('get namespace web -o name')).toContain('web')
    expect(await host.kubectl('get crd widgets.example.com -o name')).toContain('widgets')
    expect((await host.carryOut(await play('[]'))).result).toMatchObject({ verdict: 'ok', changed: 0 })
  })

  test('are refused before any host is asked where they cannot be read', async () => {
    await expect(play('[{name: a, manifests: [FOLDER/none.yaml]}]')).rejects.toThrow(/cannot be read \(ENOENT\)/)
    await expect(play('[{name: a, kustomize: FOLDER/none}]')).rejects.toThrow(/cannot be rendered/)
  })
})
