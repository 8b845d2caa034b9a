import { type ChildProcess, spawn } from 'node:child_process'
import { once } from 'node:events'
import { mkdir, mkdtemp, rm } from 'node:fs/promises'
import { homedir, tmpdir } from 'node:os'
import { join } from 'node:path'
import { createInterface } from 'node:readline'
import type { Event } from '../../src/core/events.ts'
import type { HostPlan } from '../../src/core/plan.ts'

const PROVISION = join(import.meta.dirname, '../../src/provision')

export interface Ended {
  /** Exit code; -1 when a signal ended it. */
  readonly code: number
  readonly stdout: string
  readonly stderr: string
  /** What `--json` printed. */
  readonly events: readonly Event[]
}

export interface Running {
  readonly child: ChildProcess
  readonly ended: Promise<Ended>
}

/**
 * The real command line as a child process, for an operator with a home and a state folder of its own. What is compiled is
 * shared with this machine's user: the cache holds nothing that can go wrong.
 */
export class CommandLine implements AsyncDisposable {
  /** Thrown away with everything in it. */
  readonly folder: string
  readonly home: string
  readonly stateDir: string
  readonly cacheDir: string
  readonly #children = new Set<ChildProcess>()
  readonly #kept: boolean

  private constructor(folder: string, cacheDir: string, kept = false) {
    this.folder = folder
    this.#kept = kept
    this.home = join(folder, 'home')
    this.stateDir = join(folder, 'state')
    this.cacheDir = cacheDir
  }

  /** `cold`: with an empty cache of its own, thrown away too. */
  static async open({ cold = false } = {}): Promise<CommandLine> {
    const folder = await mkdtemp(join(tmpdir(), 'provision-main-'))
    const line = new CommandLine(folder, cold ? join(folder, 'cache') : sharedCache())
    await mkdir(line.home)
    return line
  }

  /** In a folder that stays, with what other tests left in it. */
  static async in(folder: string): Promise<CommandLine> {
    const line = new CommandLine(folder, sharedCache(), true)
    await mkdir(line.home, { recursive: true })
    return line
  }

  /** Runs `provision` to its end. */
  run(args: readonly string[], env: Readonly<Record<string, string>> = {}): Promise<Ended> {
    return this.start(args, { env }).ended
  }

  /** `run` with `--json`. */
  json(args: readonly string[], env: Readonly<Record<string, string>> = {}): Promise<Ended> {
    return this.run([...args, '--json'], env)
  }

  /** `onEvent` sees each line of `--json` as it comes. */
  start(
    args: readonly string[],
    how: { readonly env?: Readonly<Record<string, string>>; readonly onEvent?: (event: Event) => void } = {},
  ): Running {
    const { PATH = '' } = process.env
    const child = spawn(PROVISION, args, {
      cwd: this.folder,
      env: { PATH, HOME: this.home, XDG_STATE_HOME: this.stateDir, XDG_CACHE_HOME: this.cacheDir, ...how.env },
      stdio: ['ignore', 'pipe', 'pipe'],
    })
    this.#children.add(child)
    return { child, ended: this.#end(child, how.onEvent) }
  }

  async #end(child: ChildProcess, onEvent?: (event: Event) => void): Promise<Ended> {
    const kept = { stdout: '', stderr: '' }
    const events: Event[] = []
    child.stderr?.setEncoding('utf8').on('data', (text: string) => {
      kept.stderr += text
    })
    if (child.stdout)
      createInterface({ input: child.stdout }).on('line', (line) => {
        kept.stdout += `${line}\n`
        if (!line.startsWith('{')) return
        const event = JSON.parse(line) as Event
        events.push(event)
        onEvent?.(event)
      })
    await once(child, 'close')
    this.#children.delete(child)
    return { code: child.exitCode ?? -1, ...kept, events }
  }

  async [Symbol.asyncDispose](): Promise<void> {
    for (const child of this.#children) child.kill('SIGKILL')
    if (!this.#kept) await rm(this.folder, { recursive: true, force: true })
  }
}

function sharedCache(): string {
  return process.env.XDG_CACHE_HOME ?? join(homedir(), '.cache')
}

export function eventsOf<Type extends Event['type']>(
  { events }: Pick<Ended, 'events'>,
  type: Type,
): readonly Extract<Event, { type: Type }>[] {
  return events.filter((event): event is Extract<Event, { type: Type }> => event.type === type)
}

/** The one plan of a run that visits one host. */
export function planOf(ended: Ended): HostPlan {
  const [plan] = eventsOf(ended, 'plan')
  if (!plan) throw new Error(`the run made no plan: ${describe(ended)}`)
  return plan.plan
}

/** How a run ended, for the message of a failed test. */
export function describe({ code, stdout, stderr, events }: Ended): string {
  const failures = events.flatMap((event) => (event.type === 'host' ? event.result.failures : []))
  const unmet = events.flatMap((event) =>
    event.type === 'resource' && event.result === 'unmet'
      ? [`${event.host} ${event.resource.key}: ${event.resource.note}`]
      : [],
  )
  return `exit ${code}\n${unmet.join('\n')}\n${JSON.stringify(failures, undefined, 1)}\n${stderr}\n${stdout.slice(-3000)}`
}
