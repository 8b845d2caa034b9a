import { expect, test } from 'vitest'
import { type HealthAsk, healthScript } from '../../../src/facts/health.ts'
import { ApiHost } from '../../support/api-host.ts'
import { apiNode } from '../../support/api-node.ts'
import { ONE_NODE } from '../../support/node.ts'

/** Where etcd says over plain HTTP that it is well, as kubeadm has it listen. */
const ETCD = { port: 2381, path: '/health' } as const

test.each([
  ['bash', ''],
  ['no bash', 'rm -f /bin/bash /usr/bin/bash /usr/local/bin/bash'],
])('with %s on the host, what is well is told from what is not, and from what is not there', async (_what, arrange) => {
  await using host = await ApiHost.serving(await apiNode(ONE_NODE))
  const well = (ask: HealthAsk) => host.sh(`if ${healthScript(ask)}; then echo well; else echo no; fi`)
  await host.sh(arrange || ':')
  expect((await host.sh('command -v bash || :')) === '').toBe(arrange !== '')
  expect(await well(ETCD)).toBe('well\n')
  expect(await well({ ...ETCD, path: '/nothing' })).toBe('no\n')
  expect(await well({ ...ETCD, port: 2382 })).toBe('no\n')
})
