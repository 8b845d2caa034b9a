import { expect, it } from 'vitest'
import { up } from '../../playbooks/up.ts'
import { answersOf } from '../../src/core/fact.ts'
import { compile } from '../../src/core/play.ts'
import { nodeOf, ONE_NODE } from '../support/node.ts'

it('a node is asked for again and again within its limit, so that one request that hangs is not the whole wait', () => {
  const found = compile(up, nodeOf(ONE_NODE)).resources.find(({ resource }) => resource.key === 'condition:node-node1')
  const none = { code: 0, text: '', stderr: '', truncated: false }
  const decision = found?.resource.decide(answersOf(new Map([['kube-object', none]])))
  const [{ body = '', timeoutMs = 0 } = {}] = decision?.verdict === 'differs' ? decision.steps : []
  const { limit = 0, request = 0 } = {
    limit: Number(/not after (\d+) s/.exec(body)?.[1]),
    request: Number(/ --timeout=(\d+)s/.exec(body)?.[1]),
  }
  expect(request * 10).toBeLessThan(limit)
  expect((limit + request) * 1000).toBeLessThan(timeoutMs)
  // And a request that is never answered ends by itself.
  expect(Number(/--request-timeout=(\d+)s/.exec(body)?.[1])).toBeGreaterThan(request)
})
