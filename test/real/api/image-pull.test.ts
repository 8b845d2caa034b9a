import { afterAll, beforeAll, expect, test } from 'vitest'
import { kubeProbe } from '../../../src/facts/kube-object.ts'
import { podsServe } from '../../../src/resources/pods-serve.ts'
import { ApiHost } from '../../support/api-host.ts'
import { apiNode } from '../../support/api-node.ts'
import { ONE_NODE } from '../../support/node.ts'

let host: ApiHost
beforeAll(async () => {
  host = await ApiHost.serving(await apiNode(ONE_NODE))
}, 120_000)
afterAll(() => host?.[Symbol.asyncDispose]())

const IMAGE = 'quay.io/calico/node:v3.32.1'
const ANSWER = `Back-off pulling image "${IMAGE}": ErrImagePull: failed to resolve reference "${IMAGE}": unexpected status: 403 Forbidden`

/** A pod as the API server has it once a kubelet could not get its image; there is no kubelet here to say so. */
async function waitingPod(): Promise<void> {
  await host.kubectl('create -f -', {
    apiVersion: 'v1',
    kind: 'Pod',
    metadata: { name: 'agent', namespace: 'default', labels: { app: 'agent' } },
    spec: {
      nodeName: 'node1',
      serviceAccountName: 'default',
      automountServiceAccountToken: false,
      containers: [{ name: 'agent', image: IMAGE }],
    },
  })
  const waiting = { reason: 'ImagePullBackOff', message: ANSWER }
  const container = { name: 'agent', image: IMAGE, imageID: '', ready: false, restartCount: 0, state: { waiting } }
  const status = JSON.stringify({ status: { phase: 'Pending', containerStatuses: [container] } })
  await host.kubectl(`-n default patch pod agent --subresource=status --type=merge -p '${status}'`)
}

test('a wait for pods whose image nobody gives ends with the image and the answer, long before its limit', async () => {
  await host.kubectl('create serviceaccount default -n default 2>/dev/null || true')
  // Pods of nodes that are not there are deleted after 40 s.
  await host.kubectl('create -f -', { apiVersion: 'v1', kind: 'Node', metadata: { name: 'node1' } })
  await waitingPod()
  const begin = performance.now()
  const { result } = await host.up([
    podsServe({
      name: 'agent',
      wanted: 'the agent serves this node',
      probes: [kubeProbe('v1', 'ConfigMap', 'default/never')],
      holds: () => ({ holds: false, evidence: 'it does not answer' }),
      test: () => 'false',
      awaited: 'the agent',
      pods: { namespace: 'default', selector: 'app=agent', node: 'node1' },
      limitSeconds: 600,
    }),
  ])
  expect(result.verdict).toBe('failed')
  const told = JSON.stringify(result.failures)
  expect(told).toContain(`image ${IMAGE} is not pulled, for 7`)
  expect(told).toContain('403 Forbidden')
  expect(told).not.toContain('600 s')
  expect(performance.now() - begin).toBeLessThan(110_000)
})
