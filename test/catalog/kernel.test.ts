import { describe, expect, test } from 'vitest'
import { supportEnd } from '../../src/catalog/end-of-life.ts'
import { KERNEL_FLOORS } from '../../src/catalog/kernel-floors.ts'
import { OPTION_OF_MODULE } from '../../src/catalog/kernel-options.ts'
import { REQUIREMENTS } from '../../src/catalog/requirements.ts'
import { verifySettings } from '../../src/cluster/requirements/settings.ts'
import { nodeOf, ONE_NODE } from '../support/node.ts'

test.each(KERNEL_FLOORS.map((floor) => [`${floor.user} ${floor.version.join('.')}`, floor] as const))(
  '%s has a source and a reason',
  (_, floor) => {
    expect(floor.source.length).toBeGreaterThan(10)
    expect(floor.reason.length).toBeGreaterThan(10)
  },
)

test('what is advised is above what is required', () => {
  for (const { user, version, severity } of KERNEL_FLOORS) {
    if (severity !== 'advised') continue
    const required = KERNEL_FLOORS.find((floor) => floor.user === user && floor.severity === 'required')
    if (required)
      expect(Number(version[0]) * 1000 + Number(version[1])).toBeGreaterThan(
        Number(required.version[0]) * 1000 + Number(required.version[1]),
      )
  }
})

describe('every module a node may ask for can be found by its option, where a kernel has no list of modules', () => {
  const schedulers = ['rr', 'wrr', 'lc', 'wlc', 'lblc', 'lblcr', 'sh', 'dh', 'sed', 'nq', 'mh', 'fo', 'ovf']
  const texts = [
    ...schedulers.map((scheduler) => `kubeProxy: {mode: ipvs, scheduler: ${scheduler}}`),
    'kubeProxy: {mode: nftables}',
    'kubeProxy: {mode: iptables}',
  ]
  test.each(texts)('%s', (text) => {
    for (const backend of ['vxlan', 'host-gw', 'wireguard']) {
      const inventory = ONE_NODE.replace('"1.36.3"', `"1.36.3", ${text}`).replace(
        'cni: flannel',
        `cni: flannel, backend: ${backend}`,
      )
      const { modules } = verifySettings(nodeOf(inventory), { measureAgain: false })
      expect(modules.flat().filter((name) => OPTION_OF_MODULE[name] === undefined)).toEqual([])
    }
  })
})

test.each([
  ['debian', '12', '2028-06-30'],
  ['rocky', '9.4', '2032-05-31'],
  ['almalinux', '8.10', '2029-05-31'],
  ['ubuntu', '24.04', '2029-05-31'],
  ['arch', '', undefined],
])('support of %s %s ends %s', (id, version, end) => {
  expect(supportEnd(id, version)).toBe(end)
})

test('every requirement is explained in one line', () => {
  for (const [id, { title, why }] of Object.entries(REQUIREMENTS)) {
    expect(title, id).toMatch(/\w/)
    expect(why, id).toMatch(/^\S.{20,140}\.$/)
  }
})
