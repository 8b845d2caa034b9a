import { type Answers, probe } from '../../core/fact.ts'
import { type Clock, clock } from '../../facts/clock.ts'
import { cpu } from '../../facts/cpu.ts'
import { type CpuTime, cpuTime } from '../../facts/cpu-time.ts'
import { type Judgement, type Rule, undecided } from './rule.ts'
import type { VerifySettings } from './settings.ts'

export function clockRules(settings: VerifySettings): readonly Rule[] {
  const ask = probe(clock, { operatorNowMs: settings.operatorNowMs })
  const end = probe(cpuTime, { afterSeconds: settings.measureAgain ? settings.thresholds.cpuStealSampleSeconds : 0 })
  const begin = probe(cpu, undefined)
  const judge = (answers: Answers) => {
    const times = { begin: answers.get(begin).time, end: answers.get(end), answeredMs: settings.operatorNowMs() }
    return judgeClock(skewBounds(answers.get(ask), times), settings.thresholds.clockSkewMs)
  }
  return [
    { id: 'clock', probes: [ask, begin, end], judge },
    { id: 'time-sync', probes: [ask], judge: (answers) => judgeSync(answers.get(ask)) },
  ]
}

/** How far a host's clock is ahead of the operator's, in milliseconds: somewhere between these two. */
export interface SkewBounds {
  readonly leastMs: number
  readonly mostMs: number
}

/** What is known of the time around the host's reading. */
export interface LookTimes {
  /** The first and the last counters read in the same look. */
  readonly begin: CpuTime | undefined
  readonly end: CpuTime | undefined
  /** The operator's clock when the answer was judged. */
  readonly answeredMs: number
}

/**
 * The operator wrote the question before the host's first sign of life, and had the answer after its last. Both moments are
 * known by the host's clock too, because it also tells its uptime: what is left open is the way there and back.
 */
export function skewBounds(seen: Clock, { begin, end, answeredMs }: LookTimes): SkewBounds | undefined {
  const { epochMs, askedMs, uptimeSeconds } = seen
  if (epochMs === undefined || askedMs === undefined) return undefined
  const since = (time: CpuTime | undefined) =>
    time === undefined || uptimeSeconds === undefined ? 0 : (time.uptimeSeconds - uptimeSeconds) * 1000
  return {
    leastMs: Math.round(epochMs + Math.max(0, since(end)) - answeredMs),
    mostMs: Math.round(epochMs + Math.min(0, since(begin)) - askedMs),
  }
}

function judgeClock(bounds: SkewBounds | undefined, limitMs: number): Judgement {
  const threshold = `within ${limitMs} ms of the operator's clock`
  if (!bounds) return undecided('the host’s date prints no seconds', threshold, 'run: date -u, here and there')
  const { leastMs, mostMs } = bounds
  const fix = 'synchronise both clocks: apt-get install chrony (dnf install chrony), then chronyc makestep'
  const severity = 'required'
  if (leastMs > limitMs) return { met: false, evidence: `ahead by at least ${leastMs} ms`, threshold, severity, fix }
  if (mostMs < -limitMs) return { met: false, evidence: `behind by at least ${-mostMs} ms`, threshold, severity, fix }
  const most = Math.max(Math.abs(leastMs), Math.abs(mostMs))
  return { met: true, evidence: `differs by ${most} ms at most, the way there and back included`, threshold, severity }
}

function judgeSync({ daemon, synchronised }: Clock): Judgement {
  const threshold = 'chronyd, systemd-timesyncd or ntpd, and synchronised'
  const state =
    synchronised === undefined
      ? 'runs, and does not say whether it is synchronised'
      : synchronised
        ? 'synchronised'
        : 'not synchronised'
  return {
    met: daemon !== undefined && synchronised !== false,
    evidence: daemon === undefined ? 'no daemon keeps the clock' : `${daemon}, ${state}`,
    threshold,
    severity: 'advised',
    fix:
      daemon === undefined
        ? 'apt-get install chrony (dnf install chrony)'
        : 'look why: chronyc sources, or timedatectl timesync-status; port 123/udp must get out',
  }
}
