import { createInterface } from 'node:readline/promises'
import type { Event, EventBody, Report } from '../core/events.ts'
import { JsonRenderer } from '../render/json.ts'
import { LinesRenderer } from '../render/lines.ts'
import { COLOUR, type Paint, PLAIN } from '../render/paint.ts'
import { redactedReport, redactedSink } from '../render/redact.ts'
import type { Renderer } from '../render/renderer.ts'
import { inert } from '../render/sanitise.ts'
import { TreeRenderer } from '../render/tree.ts'
import type { AskHostKey } from '../transport/trust.ts'
import type { World } from './world.ts'

export interface ScreenOptions {
  readonly json: boolean
  readonly verbose: boolean
  readonly input: boolean
}

/** The one way from a run to the person, or program, that watches it. */
export class Screen {
  /** Milliseconds since the run began. */
  readonly clock: () => number
  readonly report: Report
  readonly paint: Paint
  /** There is somebody to ask. */
  readonly canAsk: boolean
  readonly #world: World
  readonly #renderer: Renderer
  readonly #listeners: ((event: Event) => void)[] = []

  constructor(world: World, options: ScreenOptions) {
    const begin = performance.now()
    this.clock = () => Math.round(performance.now() - begin)
    this.#world = world
    const isTerminal = world.stdout.isTTY === true && !options.json
    this.canAsk = isTerminal && world.stdin.isTTY === true && options.input
    const isLive = isTerminal && canRedraw(world.env)
    this.paint = !options.json && (isLive || isForced(world.env)) ? COLOUR : PLAIN
    this.#renderer = makeRenderer(world, options, { isLive, clock: this.clock, paint: this.paint })
    this.report = redactedReport(world.redactor, (body) => this.#on(body))
  }

  listen(listener: (event: Event) => void): void {
    this.#listeners.push(listener)
  }

  say(lines: readonly string[]): void {
    this.#renderer.say(lines)
  }

  /** Asks for yes or no, or for a word to be typed; anything else, and Ctrl-C, is no. */
  async ask(lines: readonly string[], question: string, word?: string): Promise<boolean> {
    const { stdin, stdout, signal } = this.#world
    this.#renderer.say(lines)
    this.#renderer.pause()
    const prompt = createInterface({ input: stdin, output: stdout, terminal: false })
    try {
      const answer = await prompt.question(word === undefined ? `${question} [y/N] ` : `${question} `, { signal })
      return word === undefined ? /^y(es)?$/i.test(answer.trim()) : answer.trim() === word
    } catch (error) {
      if (signal.aborted) return false
      throw error
    } finally {
      prompt.close()
      this.#renderer.resume()
    }
  }

  /** The question about the key of a host nobody knows. */
  readonly askHostKey: AskHostKey = ({ host, address, port, type, fingerprint }) =>
    this.ask(
      [
        `Nobody has vouched for ${inert(host)} (${inert(address)}:${port}) yet.`,
        `Its ${inert(type)} key is ${inert(fingerprint)}`,
      ],
      'Is that the right key? It will be recorded.',
    )

  close(): void {
    this.#renderer.close()
  }

  #on(body: EventBody): void {
    const event: Event = { t: this.clock(), ...body }
    this.#renderer.on(event)
    for (const listener of this.#listeners) listener(event)
  }
}

interface Look {
  readonly isLive: boolean
  readonly clock: () => number
  readonly paint: Paint
}

function makeRenderer({ stdout, stderr, redactor }: World, options: ScreenOptions, look: Look): Renderer {
  const sink = redactedSink(redactor, stdout)
  if (options.json) return new JsonRenderer(sink)
  return look.isLive
    ? new TreeRenderer({ stdout, stderr, clock: look.clock, paint: look.paint, sink })
    : new LinesRenderer({ sink, verbose: options.verbose, clock: look.clock })
}

/** Colour and redrawing go together: whoever wants neither gets plain lines. */
function canRedraw(env: World['env']): boolean {
  return !isSet(env.NO_COLOR) && env.TERM !== 'dumb' && !isSet(env.CI)
}

function isForced(env: World['env']): boolean {
  return isSet(env.FORCE_COLOR) && env.FORCE_COLOR !== '0' && !isSet(env.NO_COLOR)
}

function isSet(value: string | undefined): boolean {
  return value !== undefined && value !== ''
}
