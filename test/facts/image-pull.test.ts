import { execFileSync } from 'node:child_process'
import { expect, test } from 'vitest'
import { pullFailsScript } from '../../src/facts/image-pull.ts'
import { waitUntil } from '../../src/resources/condition.ts'

/** What a wait for pods says when kubectl prints `answer` for them. */
function waited(answer: string, test = 'false'): { code: number; out: string } {
  const script = `k() { printf '%s' "$ANSWER"; }
${pullFailsScript({ namespace: 'kube-system', selector: 'k8s-app=calico-node', node: 'n1' }, 0)}
${waitUntil(test, 7, 'Felix', 'pull_fails')}`
  try {
    return {
      code: 0,
      out: execFileSync('sh', ['-c', script], { env: { ...process.env, ANSWER: answer }, encoding: 'utf8' }),
    }
  } catch (error) {
    const { status, stdout } = error as { status: number; stdout: string }
    return { code: status, out: stdout }
  }
}

test('the image and the words of its registry are told, not how long was waited', () => {
  const words = 'rpc error: code = NotFound desc = failed to resolve reference "quay.io/x:1": quay.io/x:1: not found'
  const answer = `\t\t\nImagePullBackOff\tquay.io/x:1\t${words}\n`
  expect(waited(answer)).toEqual({ code: 1, out: `image quay.io/x:1 cannot be pulled: ${words}\n` })
})

test('a container that starts in its own time is waited for', () => {
  expect(waited('ContainerCreating\tquay.io/x:1\t\n')).toEqual({ code: 1, out: 'not after 7 s: Felix\n' })
})

test('what comes true is not asked about', () => {
  expect(waited('ErrImagePull\tquay.io/x:1\tno\n', 'true')).toEqual({ code: 0, out: '' })
})
