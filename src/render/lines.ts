import type { Event, TaskEvent } from '../core/events.ts'
import { count, duration, progress } from './figure.ts'
import { countPlan, describeChanges, describeRequirements } from './plan-count.ts'
import type { Renderer, Sink } from './renderer.ts'
import { inert, inertLines } from './sanitise.ts'

/** Silence after which a line says what is still going on: many CI systems end jobs that say nothing. */
const HEARTBEAT_MS = 30_000

export interface LinesOptions {
  readonly sink: Sink
  /** Also what steps print, and steps that start. */
  readonly verbose: boolean
  /** Milliseconds since the run began, as in events. */
  readonly clock: () => number
}

/** Append-only plain lines, for pipes, CI and terminals that cannot redraw. Never coloured, never rewritten. */
export class LinesRenderer implements Renderer {
  readonly #out: LinesOptions
  /** What each host, or local task, is doing now. */
  readonly #doing = new Map<string, string>()
  readonly #partial = new Map<string, string>()
  #heart: NodeJS.Timeout | undefined
  #lastMs = 0
  /** What came while somebody else had the terminal. */
  #waiting: string[] | undefined

  constructor(options: LinesOptions) {
    this.#out = options
  }

  on(event: Event): void {
    this.#heart ??= setInterval(() => this.#beat(), HEARTBEAT_MS / 6).unref()
    for (const line of this.#describe(event)) this.#print(event, line)
    if (event.type === 'end') this.close()
  }

  say(lines: readonly string[]): void {
    for (const line of lines) this.#write(line)
  }

  pause(): void {
    this.#waiting ??= []
  }

  resume(): void {
    const waiting = this.#waiting ?? []
    this.#waiting = undefined
    for (const line of waiting) this.#write(line)
  }

  close(): void {
    clearInterval(this.#heart)
    this.#heart = undefined
  }

  #print(event: Event, line: string): void {
    this.#write(`${prefix(event)}${duration(event.t).padStart(7)}  ${line}`)
  }

  #write(line: string): void {
    this.#lastMs = this.#out.clock()
    if (this.#waiting) this.#waiting.push(line)
    else this.#out.sink.write(`${line}\n`)
  }

  #beat(): void {
    const now = this.#out.clock()
    if (now - this.#lastMs < HEARTBEAT_MS || this.#doing.size === 0) return
    const doing = [...this.#doing].slice(0, 3).map(([who, what]) => `${who}: ${what}`)
    const rest = this.#doing.size > 3 ? ` … and ${this.#doing.size - 3} more` : ''
    this.#write(`${duration(now).padStart(7)}  still at work: ${doing.join('; ')}${rest}`)
  }

  #describe(event: Event): readonly string[] {
    switch (event.type) {
      case 'run':
      case 'measured':
        return []
      case 'task':
        return this.#task(event)
      case 'connected': {
        const { user, address, port, become } = event.peer
        this.#doing.set(event.host, 'looking')
        const root = become === 'root' ? '' : `, ${become}`
        return [`connected to ${inert(user)}@${inert(address)}:${port}${root} in ${duration(event.ms)}`]
      }
      case 'looked':
        return [`looked at ${count(event.resources, 'resource')} in ${duration(event.ms)}`]
      case 'notice':
        return inertLines(event.text).map((line) => `note: ${line}`)
      case 'plan': {
        const counts = countPlan([event.plan])
        this.#doing.delete(event.host)
        return [`plan: ${[describeChanges(counts), describeRequirements(counts)].filter(Boolean).join('; ')}`]
      }
      case 'wave':
        return [`wave ${event.wave}: ${count(event.steps, 'step')} for ${count(event.resources.length, 'resource')}`]
      case 'waiting':
        this.#doing.set(event.host, `waiting for ${inert(event.for)}`)
        return [`waiting for ${inert(event.for)}`]
      case 'upload':
        this.#doing.set(event.host, `uploading, ${progress(event.sent, event.total, 'bytes')}`)
        return event.sent === event.total ? [`uploaded ${progress(event.sent, undefined, 'bytes')}`] : []
      case 'step':
        return this.#step(event)
      case 'output':
        return this.#out.verbose ? this.#output(event) : []
      case 'resource':
        return event.result === 'failed' ? [`failed: ${inert(event.resource.title)}`] : []
      case 'host':
        this.#doing.delete(event.host)
        return [`${event.result.verdict} after ${duration(event.result.ms)}`]
      case 'end':
        this.#doing.clear()
        return []
    }
  }

  #step(event: Extract<Event, { type: 'step' }>): readonly string[] {
    const name = `${inert(event.section)} › ${inert(event.title)}`
    if (event.state === 'start') {
      this.#doing.set(event.host, name)
      return this.#out.verbose ? [`${name} …`] : []
    }
    const rest = this.#partial.get(event.host)
    this.#partial.delete(event.host)
    const last = rest === undefined || rest === '' ? [] : [`│ ${inert(rest)}`]
    return [...last, `${name}: ${event.state}${event.state === 'skipped' ? '' : ` (${duration(event.ms)})`}`]
  }

  #output({ host, text }: Extract<Event, { type: 'output' }>): readonly string[] {
    const whole = (this.#partial.get(host) ?? '') + text
    const end = whole.lastIndexOf('\n') + 1
    this.#partial.set(host, whole.slice(end))
    return inertLines(whole.slice(0, end)).map((line) => `│ ${line}`)
  }

  #task(event: TaskEvent): readonly string[] {
    const name = inert(event.title)
    const took = event.ms === undefined ? '' : ` (${duration(event.ms)})`
    if (event.state === 'start' || event.state === 'progress') {
      const how = event.done === undefined ? '' : `, ${progress(event.done, event.total, event.unit)}`
      this.#doing.set(`local ${inert(event.id)}`, `${name}${how}`)
      if (event.state === 'start') return [`${name} …`]
      return this.#out.verbose && event.line !== undefined ? [`│ ${inert(event.line)}`] : []
    }
    this.#doing.delete(`local ${inert(event.id)}`)
    return [
      `${name}: ${event.state}${took}${event.state === 'failed' && event.line !== undefined ? `: ${inert(event.line)}` : ''}`,
    ]
  }
}

function prefix(event: Event): string {
  if (event.type === 'task') return `[local] `
  return 'host' in event && event.host !== undefined ? `[${inert(event.host)}] ` : ''
}
