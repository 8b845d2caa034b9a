import type { Report } from '../core/events.ts'
import type { Gate } from '../core/gate.ts'
import type { Connect } from '../core/host.ts'
import { type HostPlan, pending } from '../core/plan.ts'
import { planText } from '../render/plan.ts'
import { planSummary } from '../render/plan-summary.ts'
import { AskOnce, actAtOnce, lookOnly, Turnstile } from './gates.ts'
import type { Screen } from './screen.ts'

/**
 * `look`: change nothing. `judge`: the same, for requirements alone; `fetch`: the same, and say nothing when all is well.
 * `act`: at once. `ask`: one question for all hosts. Or a gate of the verb's own.
 */
export type Consent = 'look' | 'judge' | 'fetch' | 'act' | 'ask' | Gate

/** What the engine runs with. */
export interface Consented {
  readonly gate: Gate
  /** Whether the gate can say `act`. */
  readonly mayAct: boolean
  readonly connect: Connect
  readonly forks: number
  readonly report: Report
  /** Somebody was asked and did not say yes. */
  readonly declined: () => boolean
}

export interface Consenting {
  readonly hosts: readonly string[]
  readonly consent: Consent
  readonly connect: Connect
  readonly forks: number
  readonly screen: Screen
  readonly verbose: boolean
  /** What must be typed instead of yes, where what is done cannot be undone. */
  readonly confirm?: string
  /** Where hosts wait for each other before anybody is asked. */
  readonly meet?: { readonly gate: (gate: Gate) => Gate; readonly arrived: (host: string) => void } | undefined
}

export function consented({ consent, connect, forks, screen, meet, ...asking }: Consenting): Consented {
  const said = gateOf(consent, screen, asking)
  const mayAct = said.gate !== lookOnly
  if (!meet && !said.arrived) {
    return { gate: said.gate, mayAct, connect, forks, report: screen.report, declined: () => false }
  }
  return { ...patiently(said, { hosts: asking.hosts, connect, forks, screen, meet }), mayAct }
}

/** The gate of a consent, and whether it waits for all hosts. */
interface Said {
  readonly gate: Gate
  readonly arrived?: (host: string) => void
  readonly declined?: () => boolean
}

function gateOf(consent: Consent, screen: Screen, asking: Pick<Consenting, 'hosts' | 'verbose' | 'confirm'>): Said {
  if (typeof consent === 'function') return { gate: consent }
  if (consent === 'act') return { gate: announced(screen, asking) }
  return consent === 'ask' ? askFirst(screen, asking) : { gate: lookOnly }
}

/** Above this number of hosts only counts are shown of what is done at once. */
const MANY_HOSTS = 8

/** Says what will be done to a host just before it is. */
function announced(screen: Screen, { hosts, verbose }: Pick<Consenting, 'hosts' | 'verbose'>): Gate {
  screen.listen((event) => {
    if (event.type !== 'plan' || pending(event.plan).length === 0) return
    if (verbose) screen.say(['', ...planText([event.plan], { paint: screen.paint, verbose }), ''])
    else if (hosts.length <= MANY_HOSTS) screen.say(planSummary(event.plan, screen.paint))
  })
  return actAtOnce
}

function askFirst(
  screen: Screen,
  { hosts, verbose, confirm }: Pick<Consenting, 'hosts' | 'verbose' | 'confirm'>,
): Said {
  const seen = new Map<string, HostPlan>()
  screen.listen((event) => {
    if (event.type === 'plan') seen.set(event.host, event.plan)
  })
  let answer = true
  const once = new AskOnce(hosts, async (plans) => {
    const which = plans.length === 1 ? 'Change it?' : `Change these ${plans.length} hosts?`
    const question = confirm === undefined ? which : `This cannot be undone. Type ${confirm} to go on:`
    const lines = ['', ...planText([...seen.values()], { paint: screen.paint, verbose }), '']
    answer = await screen.ask(lines, question, confirm)
    return answer
  })
  return { gate: once.gate, arrived: (host) => once.arrived(host), declined: () => !answer }
}

/** All hosts get as far as the place where they wait for each other, however many there are; then `forks` work at once. */
function patiently(
  said: Said,
  { hosts, connect, forks, screen, meet }: Pick<Consenting, 'hosts' | 'connect' | 'forks' | 'screen' | 'meet'>,
): Omit<Consented, 'mayAct'> {
  const turnstile = new Turnstile(forks)
  // Not from the screen: what is shown is redacted, and a password may read like the name of a host.
  const report: Report = (event) => {
    screen.report(event)
    // Who waits for another host must not keep it from its turn.
    if (event.type === 'waiting') turnstile.leave(event.host)
    if (event.type !== 'host') return
    turnstile.leave(event.host)
    meet?.arrived(event.host)
    said.arrived?.(event.host)
  }
  return {
    gate: turnstile.gate(meet ? meet.gate(said.gate) : said.gate),
    connect: turnstile.connect(connect),
    forks: Math.max(1, hosts.length),
    report,
    declined: said.declined ?? (() => false),
  }
}
