import { execFileSync } from 'node:child_process'
import { describe, expect, it } from 'vitest'
import { renewedScript, rolloutOf } from '../../src/facts/rollout.ts'

/** Whether all pods are new: as read of the object, and as the shell reads `GENERATION/OBSERVED/WANTED/UPDATED`. */
function renewed(numbers: string): readonly [boolean, boolean] {
  const [generation, observedGeneration, desiredNumberScheduled, updatedNumberScheduled] = numbers
    .split('/')
    .map((one) => (one === '' ? undefined : Number(one)))
  const status = Object.fromEntries(
    Object.entries({ observedGeneration, desiredNumberScheduled, updatedNumberScheduled }).filter(
      ([, value]) => value !== undefined,
    ),
  )
  const metadata = { name: 'agent', namespace: 'kube-system', generation }
  const read = rolloutOf({ apiVersion: 'apps/v1', kind: 'DaemonSet', metadata, spec: {}, status }).renewed
  const script = `k() { printf '%s' '${numbers}'; }
${renewedScript({ namespace: 'kube-system', name: 'agent' })}
if renewed; then echo yes; else echo "no: $said"; fi`
  return [read, execFileSync('sh', ['-c', script], { encoding: 'utf8' }) === 'yes\n']
}

describe('a DaemonSet whose pods are all of its newest specification', () => {
  it.each([
    ['2/2/3/3', true],
    ['2/1/3/3', false],
    ['2/2/3/2', false],
    // What is 0 is left out of the answer.
    ['2/2/3/', false],
    ['1///', false],
    ['1/1/0/', true],
  ])('%s: %s', (numbers, all) => {
    expect(renewed(numbers)).toEqual([all, all])
  })
})

it('is complete where nothing is wanted, once its controller has seen that', () => {
  const scaled = (observedGeneration: number) =>
    rolloutOf({
      apiVersion: 'apps/v1',
      kind: 'Deployment',
      metadata: { name: 'shop', generation: 2 },
      spec: { replicas: 0 },
      status: { observedGeneration },
    })
  expect(scaled(2)).toMatchObject({ wanted: 0, complete: true })
  expect(scaled(1).complete).toBe(false)
})
