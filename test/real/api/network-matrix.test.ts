import { afterAll, beforeAll, expect, test } from 'vitest'
import { ApiHost } from '../../support/api-host.ts'
import { apiNode } from '../../support/api-node.ts'
import { type ChoicePlay, choicePlay, covering } from '../../support/choice-plays.ts'
import { refusedBy } from '../../support/field-facts.ts'
import { runMetallbController } from '../../support/metallb-controller.ts'
import { CHOICES, inventoryText, NETWORKS, networkName } from '../../support/network-choices.ts'
import { shownOf } from '../../support/shown.ts'

const LEGAL = CHOICES.filter((choice) => refusedBy(choice).length === 0)
const [FIRST = CHOICES[0]] = LEGAL
if (FIRST === undefined) throw new Error('there is no choice')

const first = await apiNode(inventoryText(FIRST))
/** Upstream's manifests are long to parse: every way to let requests in is rendered with one mode of each network. */
const ONE_MODE = NETWORKS.filter(({ cni }, index) => NETWORKS.findIndex((other) => other.cni === cni) === index)
const RENDERED = LEGAL.filter(({ network, entry }) => entry === 'none' || ONE_MODE.includes(network))
const plays = RENDERED.map((choice) => choicePlay(choice, first.artifacts))
const wanted = new Set(plays.flatMap(({ rendered }) => rendered))
/** One network after the other in one API server, each over what the one before left there. */
const chosen = covering(plays).toSorted(
  (a, b) => NETWORKS.indexOf(a.choice.network) - NETWORKS.indexOf(b.choice.network),
)

let host: ApiHost
beforeAll(async () => {
  host = await ApiHost.serving(first)
}, 120_000)
afterAll(() => host?.[Symbol.asyncDispose]())

let controller: Promise<void> | undefined
const sent = new Set<string>()
/** Of the second time: calls of kubectl and session channels, by number of resources. */
const calls = new Map<string, readonly [calls: number, channels: number]>()

/** MetalLB's webhook is its controller's: it runs from when its Deployment is there. */
async function applied({ choice, play }: ChoicePlay) {
  if (choice.addresses.includes('metallb')) controller ??= runMetallbController(host, '10.0.0.11')
  const [run] = await Promise.all([host.carryOut(play), controller])
  return run.result
}

const name = ({ choice: { network, proxy, addresses, entry } }: ChoicePlay) =>
  `${networkName(network)}, kube-proxy ${proxy}, addresses ${addresses}, entry ${entry}`

test.for(chosen.map((each) => [name(each), each] as const))(
  '%s: accepted, and the same once more changes nothing',
  async ([text, each], { task }) => {
    task.meta.shows = shownOf(each.choice)
    expect((await applied(each)).failures).toEqual([])
    let channels = 0
    const count = await host.kubectlCalls(async () => {
      const { result } = await host.carryOut(each.play)
      expect(result).toMatchObject({ verdict: 'ok', changed: 0, failures: [] })
      channels = result.counters.channels
    })
    calls.set(text, [count, channels])
    for (const one of each.rendered) sent.add(one)
  },
)

test('nothing that these choices render was left out, and no set costs more round trips than another', () => {
  expect([...wanted].filter((one) => !sent.has(one))).toEqual([])
  process.stdout.write(
    `${RENDERED.length} of ${LEGAL.length} legal choices render ${wanted.size} sets, sent with ${chosen.length} inventories: ${[
      ...wanted,
    ]
      .toSorted()
      .map((one) => one.slice(0, one.indexOf(' ') + 9))
      .join(', ')}\n`,
  )
  expect(new Set([...calls.values()].map(String)), JSON.stringify([...calls])).toEqual(new Set(['1,1']))
})
