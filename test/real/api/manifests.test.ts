import { afterAll, beforeAll, expect, test } from 'vitest'
import type { KubeObject } from '../../../src/facts/kube-object.ts'
import { manifests } from '../../../src/resources/manifests.ts'
import { ApiHost } from '../../support/api-host.ts'
import { apiNode } from '../../support/api-node.ts'
import { apiPlay } from '../../support/api-play.ts'
import { ONE_NODE } from '../../support/node.ts'

let host: ApiHost
beforeAll(async () => {
  host = await ApiHost.serving(await apiNode(ONE_NODE))
}, 120_000)
afterAll(() => host?.[Symbol.asyncDispose]())

function map(name: string, data: Readonly<Record<string, string>>, namespace = 'default'): KubeObject {
  return { apiVersion: 'v1', kind: 'ConfigMap', metadata: { name, namespace }, data }
}

const maps = (count: number, value: string) =>
  Array.from({ length: count }, (_, i) => map(`of-${count}-${i}`, { value }))

test('fields of others are named with who set them, and what is told to do helps', async () => {
  const play = apiPlay(await apiNode(ONE_NODE))
  await host.carryOut(play)
  const theirs = map('kube-flannel-cfg', { 'cni-conf.json': '{}' }, 'kube-flannel')
  await host.kubectl('apply --server-side --force-conflicts --field-manager=other -f -', theirs)
  const image = '/spec/template/spec/containers/0/image'
  await host.kubectl(
    `-n kube-flannel patch ds kube-flannel-ds --type=json -p '[{"op":"replace","path":"${image}","value":"x:1"}]'`,
  )
  // All we owned of it.
  await host.kubectl(`-n kube-flannel patch sa flannel -p '{"metadata":{"labels":{"k8s-app":"x","theirs":"y"}}}'`)

  const refused = await host.carryOut(play)
  expect(refused.result).toMatchObject({ verdict: 'failed', changed: 0 })
  const trouble = refused.result.failures[0]?.trouble
  expect(trouble?.what.split('; ')).toEqual([
    'ServiceAccount kube-flannel/flannel: "kubectl-patch" set .metadata.labels.k8s-app, and not as wanted here',
    'ConfigMap kube-flannel/kube-flannel-cfg: "other" set .data.cni-conf.json, and not as wanted here',
    'DaemonSet kube-flannel/kube-flannel-ds: "kubectl-patch" set .spec.template.spec.containers[name="kube-flannel"].image, and not as wanted here',
  ])

  const [advice, ...commands] = trouble?.fix?.split('\n') ?? []
  expect(advice).toMatch(/take them over/)
  for (const command of commands) await host.kubectl(command.replace(/^kubectl /, ''))
  expect((await host.carryOut(play)).result).toMatchObject({ verdict: 'ok', changed: 1, failures: [] })
  expect((await host.carryOut(play)).result).toMatchObject({ verdict: 'ok', changed: 0 })
  const labels = await host.kubectl(`-n kube-flannel get sa flannel -o jsonpath='{.metadata.labels}'`)
  expect(JSON.parse(labels)).toEqual({ 'k8s-app': 'flannel', theirs: 'y' })
})

test('a conflict is named although another object of the set is not there yet', async () => {
  await host.up([manifests('pair', [map('one', { key: 'ours' })])])
  await host.kubectl(`-n default patch cm one -p '{"data":{"key":"theirs"}}'`)
  const { result } = await host.up([manifests('pair', [map('one', { key: 'ours' }), map('two', { key: 'ours' })])])
  expect(result.failures[0]?.trouble.what).toMatch(/^ConfigMap default\/one: "kubectl-patch" set \.data\.key/)
})

test('what the API server warns of does not spoil what it answers', async () => {
  const warn = { 'pod-security.kubernetes.io/warn': 'baseline' }
  const namespace = { apiVersion: 'v1', kind: 'Namespace', metadata: { name: 'warned', labels: warn } }
  const agent = (image: string): KubeObject => {
    const [matchLabels, containers] = [{ app: 'agent' }, [{ name: 'agent', image }]]
    const template = { metadata: { labels: matchLabels }, spec: { hostNetwork: true, containers } }
    const metadata = { name: 'agent', namespace: 'warned' }
    return { apiVersion: 'apps/v1', kind: 'DaemonSet', metadata, spec: { selector: { matchLabels }, template } }
  }
  await host.up([manifests('warned', [namespace, agent('agent:1')])])
  const server = await host.kubectl('apply --server-side --dry-run=server --field-manager=other -f -', agent('agent:1'))
  expect(server).toMatch(/^Warning: would violate PodSecurity/)
  const { plan, result } = await host.up([manifests('warned', [namespace, agent('agent:2')])])
  expect(plan?.resources[0]?.changes).toMatchObject([{ what: 'DaemonSet warned/agent', to: 'as wanted' }])
  expect(result).toMatchObject({ verdict: 'ok', changed: 1, failures: [] })
})

test('of a Secret that differs a plan shows names, and neither the old value nor the new one', async () => {
  const secret = (password: string): KubeObject => ({
    apiVersion: 'v1',
    kind: 'Secret',
    metadata: { name: 'router', namespace: 'default' },
    data: { password: Buffer.from(password).toString('base64'), user: 'dXNlcg==' },
  })
  await host.up([manifests('secret', [secret('the old one')])])
  // As `kubectl apply` leaves it.
  await host.kubectl(
    `-n default annotate secret router kubectl.kubernetes.io/last-applied-configuration='{"password":"${btoa('the old one')}"}'`,
  )
  const { plan, result } = await host.up([manifests('secret', [secret('the new one')])])
  expect(result).toMatchObject({ verdict: 'ok', changed: 1 })
  const shown = JSON.stringify([plan, result])
  expect(shown).toContain('password: ‹secret›, differs\\n  user: ‹secret›')
  for (const value of ['the old one', 'the new one']) expect(shown).not.toContain(btoa(value).replaceAll('=', ''))
})

test('kubectl is called as often for twenty objects as for one', async () => {
  const worlds = [1, 20].map((count) => (value: string) => host.up([manifests(`many-of-${count}`, maps(count, value))]))
  const calls: number[][] = []
  for (const up of worlds) {
    const counted: number[] = []
    // Made, as it is, changed.
    for (const value of ['a', 'a', 'b']) {
      counted.push(
        await host.kubectlCalls(async () => expect((await up(value)).result).toMatchObject({ verdict: 'ok' })),
      )
    }
    calls.push(counted)
  }
  expect(calls[1]).toEqual(calls[0])
  expect(calls[0]?.[1]).toBe(1)
})
