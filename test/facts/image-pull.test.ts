import { execFileSync } from 'node:child_process'
import { expect, test } from 'vitest'
import { pullFailsScript } from '../../src/facts/image-pull.ts'
import { waitUntil } from '../../src/resources/condition.ts'

/** What a wait for pods says when kubectl prints `answer` for them. */
function waited(answer: string, test = 'false', patience = 0): { code: number; out: string } {
  const script = `k() { printf '%s' "$ANSWER"; }
${pullFailsScript({ namespace: 'kube-system', selector: 'k8s-app=calico-node', node: 'n1' }, patience)}
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

/** A container of a pod, as kubectl is asked to print it. */
const pod = (owner: string, ...containers: readonly string[]) =>
  `pod\t${owner}\n${containers.map((one) => `${one}\n`).join('')}`
const WORDS = 'rpc error: code = NotFound desc = failed to resolve reference "quay.io/x:1": quay.io/x:1: not found'
const LACKING = `ImagePullBackOff\tquay.io/x:1\t${WORDS}`
const RUNNING = '\t\t'

test('the image and the words of its registry are told, not how long was waited', () => {
  const told = {
    code: 1,
    out: expect.stringMatching(/^image quay\.io\/x:1 is not pulled, for 0 s now: rpc error.*\n$/),
  }
  expect(waited(pod('node', RUNNING, LACKING, LACKING))).toEqual(told)
  expect(waited(pod('typha', RUNNING) + pod('node', LACKING) + pod('node', LACKING))).toEqual(told)
})

test('one of several pods that may start yet is waited for, and what the others lack is told in the end', () => {
  const { code, out } = waited(pod('node', LACKING) + pod('node', 'ContainerCreating\tquay.io/x:1\t'))
  expect(code).toBe(1)
  expect(out).toMatch(/^not after 7 s: Felix\nimage quay\.io\/x:1 is not pulled, for \d s now: rpc error/)
})

test('a registry that is busy for a moment is waited for', () => {
  expect(waited(pod('node', LACKING), 'false', 60).out).toMatch(/^not after 7 s: Felix\nimage quay/)
})

test('a container that starts in its own time is waited for', () => {
  expect(waited(pod('node', 'ContainerCreating\tquay.io/x:1\t'))).toEqual({ code: 1, out: 'not after 7 s: Felix\n' })
})

test('what comes true is not asked about', () => {
  expect(waited(pod('node', 'ErrImagePull\tquay.io/x:1\tno'), 'true')).toEqual({ code: 0, out: '' })
})
