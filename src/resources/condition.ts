import type { Answers, AnyProbe } from '../core/fact.ts'
import type { Figure } from '../core/figure.ts'
import { quote } from '../core/quote.ts'
import { type Key, type Resource, type ResourceOptions, type ResourceType, resource } from '../core/resource.ts'

export interface ConditionWant {
  /** Noun for the key: `coredns`. */
  readonly name: string
  readonly probes: readonly AnyProbe[]
  /** Does it hold, and what shows it? */
  readonly holds: (answers: Answers) => Holding
  /** As a plan says it: `CoreDNS answers`. */
  readonly wanted: string
  /** POSIX sh that ends with status 0 as soon as it holds. */
  readonly wait: string
  readonly timeoutMs: number
}

interface Holding {
  readonly holds: boolean
  readonly evidence: string
  /** What was counted beside it. */
  readonly figures?: readonly Figure[]
}

/**
 * Something that comes true by itself once everything before it is done: nothing is changed, the run only waits for it,
 * and no longer than its limit. When it holds already there is no step.
 */
const conditionType: ResourceType<ConditionWant, Holding> = {
  name: 'condition',
  key: ({ name }): Key => `condition:${name}`,
  probes: ({ probes }) => probes,
  // It changes nothing, and what it waits for may be there by now.
  guards: () => [],
  observe: ({ holds }, answers) => holds(answers),
  diff: ({ wanted }, { holds, evidence }) => (holds ? [] : [{ what: '', from: evidence, to: wanted }]),
  steps: ({ wanted, wait, timeoutMs }, { holds }) =>
    holds ? [] : [{ title: `wait until ${wanted}`, body: wait, timeoutMs }],
  evidence: (_want, { evidence }) => evidence,
  figures: (_want, { figures }) => figures ?? [],
}

export function condition(want: ConditionWant, options: ResourceOptions = {}): Resource {
  return resource(conditionType, want, { title: want.wanted, ...options })
}

/** Seconds between two questions whether waiting is of any use. */
const HOPELESS_EVERY = 5

/**
 * Shell: runs `test` (a command list) about every second until it succeeds, or says what it waited for and fails; and what the
 * test was told last, where it keeps that in `said`. It ends as soon as the command list `hopeless` succeeds, which says why;
 * in it `now` holds the seconds since the start of the machine, and what it keeps in `also` is told when time is up.
 */
export function waitUntil(test: string, limitSeconds: number, what: string, hopeless?: string): string {
  const giveUp = `
  tries=$(( \${tries:-0} + 1 ))
  if [ $(( tries % ${HOPELESS_EVERY} )) -eq 0 ] && ${hopeless}; then exit 1; fi`
  return `read -r now rest </proc/uptime
deadline=$(( \${now%.*} + ${limitSeconds} ))
until ${test}; do
  read -r now rest </proc/uptime
  if [ "\${now%.*}" -ge "$deadline" ]; then printf '%s\\n' ${quote(`not after ${limitSeconds} s: ${what}`)} \${said:+"$said"} \${also:+"$also"}; exit 1; fi${hopeless === undefined ? '' : giveUp}
  sleep 1
done`
}
