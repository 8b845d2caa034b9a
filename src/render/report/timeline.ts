import type { Event, TaskEvent } from '../../core/events.ts'
import type { Peer } from '../../core/host.ts'
import { bytes } from '../figure.ts'

/** A stretch of time somebody was at something. Milliseconds since the run began. */
export interface Span {
  readonly kind: 'connect' | 'look' | 'upload' | 'wait' | 'step' | 'task'
  readonly what: string
  readonly fromMs: number
  readonly toMs: number
  readonly state: 'ok' | 'failed' | 'skipped'
  /** Of a step: what it belongs to. */
  readonly section?: string
}

type EventOf<Type extends Event['type']> = Extract<Event, { type: Type }>

/** Notices kept: the first tell most. */
const MAX_NOTICES = 200

/** When everything in a run happened, folded from its events: figures and names, no output. */
export class Timeline {
  run: EventOf<'run'> | undefined
  /** Work on the operator's machine that took time. */
  readonly tasks: Span[] = []
  readonly peers = new Map<string, Peer>()
  readonly notices: { readonly host: string | undefined; readonly text: string }[] = []
  readonly #hosts = new Map<string, HostTimes>()
  readonly #began = new Map<string, number>()

  on(event: Event): void {
    if (event.type === 'run') this.run = event
    else if (event.type === 'task') this.#task(event)
    else if (event.type === 'notice') {
      if (this.notices.length < MAX_NOTICES) this.notices.push({ host: event.host, text: event.text })
    } else if (event.type !== 'end' && event.type !== 'measured') {
      if (event.type === 'connected') this.peers.set(event.host, event.peer)
      const times = this.#hosts.get(event.host) ?? new HostTimes()
      this.#hosts.set(event.host, times)
      times.on(event)
    }
  }

  /** In the order they ended. */
  spans(host: string): readonly Span[] {
    return this.#hosts.get(host)?.spans ?? []
  }

  #task({ id, title, state, ms, t }: TaskEvent & { readonly t: number }): void {
    if (state === 'start') this.#began.set(id, t)
    if (state !== 'ok' && state !== 'failed') return
    const fromMs = this.#began.get(id) ?? t - (ms ?? 0)
    this.tasks.push({ kind: 'task', what: title, fromMs, toMs: t, state })
  }
}

interface Open {
  readonly kind: Span['kind']
  readonly fromMs: number
  toMs: number
  what: string
  readonly section?: string
}

/** One host is at one thing at a time. */
class HostTimes {
  readonly spans: Span[] = []
  #open: Open | undefined

  on(event: Exclude<Event, { type: 'run' | 'task' | 'notice' | 'end' }>): void {
    const { t } = event
    switch (event.type) {
      case 'connected':
        this.#add({ kind: 'connect', what: 'connect', fromMs: t - event.ms, toMs: t, state: 'ok' })
        return
      case 'looked':
        this.#close(t - event.ms)
        this.#add({ kind: 'look', what: 'look', fromMs: t - event.ms, toMs: t, state: 'ok' })
        return
      case 'waiting':
        this.#open = { kind: 'wait', what: `wait for ${event.for}`, fromMs: t, toMs: t }
        return
      case 'upload':
        if (this.#open?.kind !== 'upload') this.#open = { kind: 'upload', what: '', fromMs: t, toMs: t }
        this.#open.toMs = t
        this.#open.what = `upload ${bytes(event.total)}`
        return
      case 'step':
        this.#step(event)
        return
      case 'host':
        // What was going on when a host was lost never ended well.
        this.#close(t, 'failed')
        return
      default:
        return
    }
  }

  #step(event: EventOf<'step'>): void {
    const { t, title, section } = event
    if (event.state === 'start') {
      this.#close(this.#open?.kind === 'upload' ? this.#open.toMs : t)
      this.#open = { kind: 'step', what: title, section, fromMs: t, toMs: t }
      return
    }
    const fromMs = this.#open?.kind === 'step' && this.#open.what === title ? this.#open.fromMs : t - event.ms
    this.#open = undefined
    this.#add({ kind: 'step', what: title, section, fromMs, toMs: t, state: event.state })
  }

  #close(toMs: number, state: Span['state'] = 'ok'): void {
    const open = this.#open
    this.#open = undefined
    if (!open) return
    const isDone = open.kind === 'upload'
    this.#add({ ...open, toMs: isDone ? open.toMs : toMs, state: isDone ? 'ok' : state })
  }

  #add(span: Span): void {
    this.spans.push(span)
  }
}
