import { expect, test } from 'vitest'
import { conflictsIn } from '../../src/facts/apply-conflict.ts'

/** As kubectl 1.36 says it after every conflict. */
const ADVICE = `Please review the fields above--they currently have other managers. Here
are the ways you can resolve this warning:
* If you intend to manage all of these fields, please re-run the apply
  command with the \`--force-conflicts\` flag.
See https://kubernetes.io/docs/reference/using-api/server-side-apply/#conflicts`

test('conflicts are read from what kubectl says of several objects', () => {
  const refusal = `error: Apply failed with 1 conflict: conflict with "kubectl-label" using v1: .metadata.labels.app
${ADVICE}
Apply failed with 3 conflicts: conflicts with "kube-controller-manager" with subresource "status" using apps/v1 at 2026-11-23T18:11:02Z:
- .status.replicas
conflicts with "other \\"one\\"":
- .spec.containers[name="a: b"].args
- .spec.containers[name="a: b"].image
${ADVICE}`
  expect(conflictsIn(refusal)).toEqual([
    { manager: 'kubectl-label', field: '.metadata.labels.app' },
    { manager: 'kube-controller-manager', field: '.status.replicas' },
    { manager: 'other "one"', field: '.spec.containers[name="a: b"].args' },
    { manager: 'other "one"', field: '.spec.containers[name="a: b"].image' },
  ])
})

test.each([
  'error: namespaces "kube-flannel" not found',
  'Error from server (Forbidden): admission webhook "pools.metallb.io" denied the request: pools overlap',
  '- .not.a.conflict',
  '',
])('%j tells of none', (refusal) => {
  expect(conflictsIn(refusal)).toEqual([])
})
