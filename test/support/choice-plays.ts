import { createHash } from 'node:crypto'
import type { Artifacts } from '../../src/cluster/node.ts'
import type { Answers } from '../../src/core/fact.ts'
import type { Compiled } from '../../src/core/play.ts'
import type { Resource } from '../../src/core/resource.ts'
import { apiPlay } from './api-play.ts'
import { type Choice, inventoryText } from './network-choices.ts'
import { nodeOf } from './node.ts'

/** Kinds of these are made by Cilium's operator: without a node there is nobody to make them. */
const OF_AN_OPERATOR = /^(manifests|removed):cilium-pools$/

/** A cluster in which nothing is there yet: what an apply of everything would send. */
const NOTHING = { get: () => ({ state: 'absent' }) } as unknown as Answers

export interface ChoicePlay {
  readonly choice: Choice
  readonly play: Compiled
  /** Set and digest of what is sent to the API server for it. */
  readonly rendered: readonly string[]
}

export function choicePlay(choice: Choice, artifacts: Artifacts): ChoicePlay {
  const { host, resources } = apiPlay(nodeOf(inventoryText(choice), { artifacts }))
  const own = resources.filter(({ resource }) => !OF_AN_OPERATOR.test(resource.key))
  const rendered = own.flatMap(({ resource }) => (resource.key.startsWith('manifests:') ? [renderedOf(resource)] : []))
  return { choice, play: { host, resources: own }, rendered }
}

/** Set and digest of what is sent to the API server where nothing is there. */
export function renderedOf(resource: Resource): string {
  const decision = resource.decide(NOTHING)
  // Of no objects at all everything is there.
  if (decision.verdict !== 'differs' && decision.verdict !== 'same')
    throw new Error(`${resource.key} is ${decision.verdict} where nothing is there`)
  const sent = decision.verdict === 'same' ? '' : decision.steps.map(({ body }) => body).join('\n')
  return `${resource.key} ${createHash('sha256').update(sent).digest('hex')}`
}

/** As few of them as hold everything that any of them renders: each time the one that adds most. */
export function covering(plays: readonly ChoicePlay[]): readonly ChoicePlay[] {
  const open = new Set(plays.flatMap(({ rendered }) => rendered))
  const chosen: ChoicePlay[] = []
  while (open.size > 0) {
    const adds = ({ rendered }: ChoicePlay) => rendered.filter((each) => open.has(each)).length
    const best = plays.reduce((a, b) => (adds(b) > adds(a) ? b : a))
    chosen.push(best)
    for (const each of best.rendered) open.delete(each)
  }
  return chosen
}
