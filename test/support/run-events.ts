import { readFileSync } from 'node:fs'
import { join } from 'node:path'
import type { Event, HostResult } from '../../src/core/events.ts'
import type { HostPlan, PlannedResource } from '../../src/core/plan.ts'

/** A run as `--json` recorded it on a lab machine. */
export function recorded(name: string): readonly Event[] {
  const path = join(import.meta.dirname, '../cases/render', `${name}.jsonl`)
  const [, ...events] = readFileSync(path, 'utf8').trimEnd().split('\n')
  return events.map((line) => JSON.parse(line) as Event)
}

export function plansOf(events: readonly Event[]): readonly HostPlan[] {
  return events.flatMap((event) => (event.type === 'plan' ? [event.plan] : []))
}

export function resultOf(host: string, more: Partial<HostResult> = {}): HostResult {
  const none = { changed: 0, unchanged: 0, failed: 0, skipped: 0, unmet: 0, accepted: 0 }
  const counters = { channels: 1, roundTrips: 3, bytesSent: 1, bytesReceived: 1, reconnects: 0 }
  return { host, verdict: 'ok', ...none, ms: 1000, counters, failures: [], ...more }
}

export function planned(key: PlannedResource['key'], more: Partial<PlannedResource> = {}): PlannedResource {
  return {
    key,
    title: key,
    section: 'Prepare',
    verdict: 'same',
    changes: [],
    steps: [],
    paths: [],
    seen: '',
    after: [],
    ...more,
  }
}

/** Every kind of event, with `text` in every place where a host's words can get. */
export function eventsSaying(text: string): readonly Event[] {
  const host = `h${text}`
  const change = {
    what: text,
    from: text,
    to: text,
    text: { before: text, after: `${text}\nmore ${text}` },
    disrupts: text,
  }
  const finding = {
    id: text,
    met: false,
    evidence: text,
    threshold: text,
    severity: 'required' as const,
    fix: text,
    accepted: text,
  }
  const { accepted: _accepted, ...unmet } = finding
  const key = `file:${text}` as const
  const base = { title: text, section: text, note: text, after: [text] }
  const resources = [
    planned(key, { ...base, verdict: 'change', changes: [change, { what: '', from: 'absent', to: text }] }),
    planned(`x:${text}1`, { ...base, verdict: 'expected', changes: [change] }),
    planned(`x:${text}2`, { ...base, verdict: 'later' }),
    planned(`x:${text}3`, { ...base, verdict: 'accepted', finding }),
    planned(`x:${text}4`, { ...base, verdict: 'unmet', finding: unmet }),
    planned(`x:${text}5`, { ...base, verdict: 'met', finding: { ...unmet, met: true } }),
    planned(`x:${text}6`, { ...base, verdict: 'failed' }),
    planned(`x:${text}7`, { ...base, verdict: 'same' }),
  ]
  const trouble = { what: text, where: text, why: text, fix: text }
  const failure = { host, key, title: text, section: text, trouble, lines: [text, text], code: 1 }
  const result = resultOf(host, { verdict: 'failed', failed: 1, failures: [failure] })
  const peer = { address: text, port: 22, user: text, hostKey: text, become: 'sudo' as const }
  const step = { type: 'step', host, key, title: text, section: text } as const
  return [
    { t: 0, type: 'run', run: 'r', command: text, hosts: [host], version: '0' },
    { t: 1, type: 'task', id: `bundle/${text}`, title: text, state: 'start', line: text },
    {
      t: 2,
      type: 'task',
      id: `bundle/${text}`,
      title: text,
      state: 'progress',
      line: text,
      done: 1,
      total: 2,
      unit: 'bytes',
    },
    { t: 3, type: 'task', id: `bundle/${text}`, title: text, state: 'failed', line: text, ms: 1 },
    { t: 4, type: 'connected', host, peer, ms: 1 },
    { t: 5, type: 'looked', host, resources: 8, ms: 1 },
    { t: 6, type: 'notice', host, text },
    { t: 6, type: 'notice', text },
    { t: 7, type: 'plan', host, plan: { host, hostKey: text, resources } },
    { t: 8, type: 'wave', host, wave: 1, steps: 1, resources: [key] },
    { t: 9, type: 'waiting', host, for: text },
    { t: 10, type: 'upload', host, sent: 1, total: 1 },
    { ...step, t: 11, state: 'start' },
    { t: 12, type: 'output', host, key, text: `${text}\n${text}` },
    { ...step, t: 13, state: 'ok', ms: 2 },
    { ...step, t: 14, state: 'failed', ms: 2 },
    ...resources.map((resource) => ({ t: 15, type: 'resource' as const, host, resource, result: 'failed' as const })),
    { t: 16, type: 'host', host, result },
    {
      t: 17,
      type: 'end',
      ms: 17,
      exit: 3,
      hosts: [result],
      criticalPath: [{ what: text, host, fromMs: 0, toMs: 5000 }],
    },
  ]
}
