import type { Event, HostResult, TaskEvent } from '../core/events.ts'
import { progress } from './figure.ts'
import { inert, lastLine } from './sanitise.ts'

/** What one host is doing, ready to be drawn: all text is inert. */
export interface HostView {
  readonly name: string
  phase: 'waiting' | 'active' | 'idle' | 'done' | 'failed'
  /** Section and step, or what it waits for. */
  doing: string
  /** When `doing` began. */
  sinceMs: number
  stepsDone: number
  stepsTotal: number
  line?: string
  result?: HostResult
}

export interface TaskView {
  readonly id: string
  readonly depth: number
  title: string
  state: 'active' | 'ok' | 'cached' | 'failed'
  sinceMs: number
  ms?: number
  line?: string
  progress?: string
}

/** The state of a run, folded from its events. Knows nothing of terminals. */
export class RunView {
  title = 'provision'
  readonly hosts = new Map<string, HostView>()
  readonly tasks = new Map<string, TaskView>()

  /** Takes one event in; true when a frame drawn now would differ. */
  on(event: Event): void {
    if (event.type === 'run') {
      this.title = inert(event.command)
      for (const name of event.hosts) this.#host(name)
    } else if (event.type === 'task') this.#task(event)
    else if ('host' in event && event.host !== undefined) this.#onHost(this.#host(event.host), event)
  }

  #host(name: string): HostView {
    const known = this.hosts.get(name)
    if (known) return known
    const host: HostView = { name: inert(name), phase: 'waiting', doing: '', sinceMs: 0, stepsDone: 0, stepsTotal: 0 }
    this.hosts.set(name, host)
    return host
  }

  #onHost(host: HostView, event: Exclude<Event, { type: 'run' | 'task' | 'end' }>): void {
    switch (event.type) {
      case 'connected':
        begin(host, event.t, 'looking')
        return
      case 'plan':
        begin(host, event.t, 'planned', 'idle')
        return
      case 'wave':
        host.stepsTotal += event.steps
        begin(host, event.t, 'preparing the next steps')
        return
      case 'waiting':
        begin(host, event.t, `waiting for ${inert(event.for)}`, 'idle')
        return
      case 'upload':
        if (!host.doing.startsWith('uploading')) begin(host, event.t, '')
        host.doing = `uploading ${progress(event.sent, event.total, 'bytes')}`
        return
      case 'step':
        onStep(host, event)
        return
      case 'output': {
        const line = lastLine(event.text)
        if (line !== undefined) host.line = line
        return
      }
      case 'host':
        host.result = event.result
        begin(host, event.t, event.result.verdict, event.result.verdict === 'ok' ? 'done' : 'failed')
        return
      default:
        return
    }
  }

  #task(event: TaskEvent & { readonly t: number }): void {
    const task: TaskView = this.tasks.get(event.id) ?? {
      id: event.id,
      // A part is shown below what it is part of, when that was told of.
      depth: [...this.tasks.keys()].filter((id) => event.id.startsWith(`${id}/`)).length,
      title: '',
      state: 'active',
      sinceMs: event.t,
    }
    this.tasks.set(event.id, task)
    task.title = inert(event.title)
    task.state = event.state === 'start' || event.state === 'progress' ? 'active' : event.state
    const line = event.line === undefined ? undefined : lastLine(event.line)
    if (line !== undefined) task.line = line
    if (event.ms !== undefined) task.ms = event.ms
    if (event.done !== undefined) task.progress = progress(event.done, event.total, event.unit)
  }
}

function begin(host: HostView, t: number, doing: string, phase: HostView['phase'] = 'active'): void {
  host.phase = phase
  host.doing = doing
  host.sinceMs = t
  delete host.line
}

function onStep(host: HostView, event: Extract<Event, { type: 'step' }>): void {
  if (event.state === 'start') begin(host, event.t, `${inert(event.section)} › ${inert(event.title)}`)
  else host.stepsDone++
}
