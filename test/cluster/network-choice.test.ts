import { expect, test } from 'vitest'
import { networkChoice } from '../../src/cluster/requirements/network-choice.ts'
import { answersOf } from '../../src/core/fact.ts'
import type { Finding } from '../../src/core/finding.ts'
import { nodeOf } from '../support/node.ts'

const inventory = (cni: string, mode = 'nftables') => `name: test
kubernetes: {version: "1.36.3", kubeProxy: {mode: ${mode}}}
network: {cni: ${cni}}
hosts: {node1: {address: 10.0.0.11, roles: [control-plane, worker]}}
`

const said = (text: string) => ({ code: 0, text, stderr: '', truncated: false })

/** What the first control plane sees: configurations in its folder, and DaemonSets of the cluster. */
function finding(text: string, files: readonly string[], daemonSets: readonly string[], more = ''): Finding {
  const objects = daemonSets.map((path) => {
    const [namespace, name] = path.split('/')
    const object = { apiVersion: 'apps/v1', kind: 'DaemonSet', metadata: { namespace, name } }
    return `DaemonSet/${path}\tobject\t${JSON.stringify(object)}\n`
  })
  const answers = answersOf(
    new Map([
      ['cni-config', said(files.map((file) => `config\tfile\t${file}\n`).join(''))],
      ['kube-object', said(objects.join('') + more)],
    ]),
  )
  const decision = networkChoice(nodeOf(text)).decide(answers)
  if (decision.verdict !== 'finding') throw new Error(decision.verdict)
  return decision.finding
}

test.each([
  ['nothing yet', 'calico', [], []],
  ['its own', 'flannel', ['10-flannel.conflist'], ['kube-flannel/kube-flannel-ds', 'kube-system/kube-proxy']],
  [
    "somebody's own configuration beside it",
    'cilium',
    ['05-cilium.conflist', '99-loopback.conf'],
    ['kube-system/cilium'],
  ],
])('%s is all right', (_what, cni, files, daemonSets) => {
  expect(finding(inventory(cni), files, daemonSets)).toMatchObject({ met: true })
})

test.each([
  ['the cluster has another one', 'calico', [], ['kube-flannel/kube-flannel-ds'], 'flannel'],
  ['only this node has', 'flannel', ['10-canal.conflist'], [], 'canal'],
])('%s: refused, with the way to go', (...[, cni, files, daemonSets, living]) => {
  const found = finding(inventory(cni), files, daemonSets)
  expect(found).toMatchObject({ met: false, severity: 'required', id: 'network-choice' })
  expect(found.evidence).toBe(`${living} is there already, and network.cni is ${cni}`)
  expect(found.fix).toContain(`write network: {cni: ${living}}`)
  expect(found.fix).toContain('second cluster')
})

test.each(['cilium', 'calico'])(
  '%s beside what Calico’s operator has set up is refused, whatever the node has',
  (cni) => {
    const found = finding(inventory(cni), ['10-calico.conflist'], ['calico-system/calico-node'])
    expect(found).toMatchObject({ met: false, fix: expect.stringContaining('leave this cluster to its operator') })
    expect(found.evidence).toContain("Calico of Tigera's operator")
  },
)

test('kube-proxy that is there is not left beside what takes its place', () => {
  const found = finding(inventory('cilium', 'none'), [], ['kube-system/cilium', 'kube-system/kube-proxy'])
  expect(found).toMatchObject({ met: false, evidence: 'kube-proxy is there, and kubeProxy.mode is none' })
})

test('nobody can say what a cluster has whose API server does not answer, and "none yet" is not said', () => {
  const names = ['kube-flannel/kube-flannel-ds', 'kube-system/calico-node', 'kube-system/cilium']
  const down = names.map((path) => `DaemonSet/${path}\tapi\tdown\tconnection refused\n`).join('')
  const found = finding(inventory('flannel'), [], [], down)
  expect(found).toMatchObject({ met: false, severity: 'advised' })
  expect(found.evidence).toBe('unknown: the API server does not answer: connection refused')
  // What stands on the node is known all the same.
  expect(finding(inventory('flannel'), ['10-flannel.conflist'], [], down)).toMatchObject({ met: true })
})
