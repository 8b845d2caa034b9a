import { describe, expect, it } from 'vitest'
import { statusRow } from '../../src/cli/status-row.ts'

describe('a node of the cluster', () => {
  it('is counted with the pods that are to run there', () => {
    const object = {
      apiVersion: 'v1',
      kind: 'Node',
      metadata: {
        name: 'w1',
        creationTimestamp: '2026-11-23T00:00:00Z',
        labels: { 'node-role.kubernetes.io/edge': '' },
      },
      spec: { unschedulable: true },
      status: {
        conditions: [{ type: 'Ready', status: 'Unknown' }],
        nodeInfo: { kubeletVersion: 'v1.36.3', containerRuntimeVersion: 'containerd://2.3.4' },
      },
    }
    const pod = (name: string, phase: string, ready: boolean) => ({ name, node: 'w1', phase, ready })
    const pods = [
      pod('a', 'Running', true),
      pod('b', 'Pending', false),
      pod('c', 'Failed', false),
      { ...pod('d', 'Running', true), node: 'w2' },
    ]
    expect(statusRow(object, pods, Date.parse('2026-11-24T00:00:00Z'))).toMatchObject({
      ready: 'unknown',
      cordoned: true,
      roles: ['edge'],
      kubelet: '1.36.3',
      runtime: 'containerd 2.3.4',
      pods: { ready: 1, all: 2 },
      ageMs: 86_400_000,
    })
  })
})
