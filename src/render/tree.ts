import { DefaultRenderer, Listr, type ListrDefaultRendererOptions, ListrLogger, ProcessOutput, Spinner } from 'listr2'
import type { Event } from '../core/events.ts'
import { duration } from './figure.ts'
import { frame } from './frame.ts'
import type { Paint } from './paint.ts'
import type { Renderer, Sink } from './renderer.ts'
import { RunView } from './run-view.ts'
import { inert, inertLines } from './sanitise.ts'

export interface TreeOptions {
  readonly stdout: NodeJS.WriteStream
  readonly stderr: NodeJS.WriteStream
  /** Where lines that stay are written; leads to `stdout`. */
  readonly sink: Sink
  readonly paint: Paint
  /** Milliseconds since the run began, as in events. */
  readonly clock: () => number
}

/**
 * The live tree. listr2 owns the terminal: it draws ten times a second, redraws only lines that differ, hides the cursor and
 * catches stray output. What it draws is ours: its own rows cannot be bounded or reordered, and a hundred of them that change
 * at once cost more processor time than the run (its cost grows with rows times updates). So the list it is given has one
 * entry, whose picture is `frame`, cut to the terminal.
 */
export class TreeRenderer implements Renderer {
  readonly #options: TreeOptions
  readonly #view = new RunView()
  #live: Live | undefined
  /** The run is over. */
  #isClosed = false
  /** Somebody else has the terminal. */
  #isAsking = false
  /** Lines that wait for it. */
  readonly #held: string[] = []

  constructor(options: TreeOptions) {
    this.#options = options
  }

  on(event: Event): void {
    this.#view.on(event)
    if (event.type === 'end') this.close()
    else this.#start()
    const lasting = lastingLines(event)
    if (lasting.length > 0) this.say(lasting)
  }

  say(lines: readonly string[]): void {
    if (this.#isAsking) {
      this.#held.push(...lines)
      return
    }
    this.#stop()
    this.#options.sink.write(lines.map((line) => `${line}\n`).join(''))
    this.#start()
  }

  pause(): void {
    this.#isAsking = true
    this.#stop()
  }

  resume(): void {
    this.#isAsking = false
    this.say(this.#held.splice(0))
  }

  close(): void {
    this.#isClosed = true
    this.#stop()
  }

  #start(): void {
    if (!this.#isClosed && !this.#isAsking) this.#live ??= new Live(this.#options, (spinner) => this.#draw(spinner))
  }

  #stop(): void {
    this.#live?.stop()
    this.#live = undefined
  }

  #draw(spinner: string): string {
    const { stdout, paint, clock } = this.#options
    const size = { columns: (stdout.columns || 80) - 1, rows: Math.max(1, (stdout.rows || 24) - 2) }
    return frame(this.#view, { ...size, paint, spinner, nowMs: clock() }).join('\n')
  }
}

/** Shorter local work leaves no line behind. */
const WORTH_A_LINE_MS = 2000

/** What should still be there when the tree is gone. */
function lastingLines(event: Event): readonly string[] {
  if (event.type === 'notice') {
    const host = event.host === undefined ? '' : `${inert(event.host)}: `
    return inertLines(event.text).map((line) => `${host}${line}`)
  }
  if (event.type !== 'task' || event.id.startsWith('bundle/') || (event.ms ?? 0) < WORTH_A_LINE_MS) return []
  return event.state === 'ok' ? [`✓ ${inert(event.title)} (${duration(event.ms ?? 0)})`] : []
}

/** What listr2 hands its renderer: our picture, and a way for us to reach the renderer. */
interface FrameRendererOptions extends ListrDefaultRendererOptions {
  readonly draw: (spinner: string) => string
  readonly onMade: (renderer: FrameRenderer) => void
}

/** listr2's renderer with our picture in place of its rows; can be stopped at any moment, once and for all. */
class FrameRenderer extends DefaultRenderer {
  static override nonTTY = true
  readonly #draw: (spinner: string) => string
  readonly #spinner: Spinner
  #state: 'starting' | 'drawing' | 'stopped' = 'starting'

  constructor(tasks: ConstructorParameters<typeof DefaultRenderer>[0], options: FrameRendererOptions, events: Events) {
    super(tasks, options, events)
    this.#draw = options.draw
    this.#spinner = options.spinner ?? new Spinner()
    options.onMade(this)
  }

  override async render(): Promise<void> {
    await super.render()
    if (this.#state === 'stopped') super.end()
    else this.#state = 'drawing'
  }

  override create(): string {
    return this.#draw(this.#spinner.fetch())
  }

  override end(): void {
    if (this.#state === 'drawing') super.end()
    this.#state = 'stopped'
  }
}

type Events = ConstructorParameters<typeof DefaultRenderer>[2]

/** One uninterrupted stretch of drawing. */
class Live {
  #renderer: FrameRenderer | undefined
  readonly #stopped = Promise.withResolvers<void>()

  constructor({ stdout, stderr }: TreeOptions, draw: (spinner: string) => string) {
    const processOutput = new ProcessOutput(stdout, stderr, { dump: ['stdout', 'stderr'], leaveEmptyLine: false })
    const options: FrameRendererOptions = {
      draw,
      onMade: (renderer) => {
        this.#renderer = renderer
      },
      spinner: new Spinner(),
      logger: new ListrLogger({ useIcons: true, toStderr: [], processOutput }),
      clearOutput: true,
      lazy: false,
      formatOutput: 'truncate',
      removeEmptyLines: false,
    }
    const list = new Listr([{ title: 'run', task: () => this.#stopped.promise }], {
      renderer: FrameRenderer,
      rendererOptions: options,
      concurrent: true,
      exitOnError: true,
      collectErrors: false,
      registerSignalListeners: false,
    })
    // The one entry of the list cannot fail.
    void list.run()
  }

  stop(): void {
    this.#renderer?.end()
    this.#stopped.resolve()
  }
}
