import { access, constants, stat } from 'node:fs/promises'
import { dirname, resolve } from 'node:path'
import type { Command } from 'commander'
import { FailedError, InputError } from '../core/errors.ts'
import type { Event, PathPart } from '../core/events.ts'
import type { Matrix } from '../core/matrix.ts'
import { reportPage } from '../render/report/page.ts'
import type { ReportData } from '../render/report/report-data.ts'
import { Timeline } from '../render/report/timeline.ts'
import type { Consent } from './consent.ts'
import { writePrivateFile } from './private-file.ts'
import type { RunLog } from './run-log.ts'
import type { World } from './world.ts'

export interface ReportOptions {
  readonly report?: string
}

export function addReportOption(command: Command): Command {
  return command.option('--report <FILE>', 'write a report of this run, as one HTML file one can send to anybody')
}

/** How a run ended, as far as its events do not say it. */
export interface Ending {
  readonly log: RunLog
  readonly consent: Consent
  readonly ms: number
  readonly exit: number
  readonly declined: boolean
  readonly criticalPath: readonly PathPart[]
  readonly proofKeys: ReadonlySet<string>
}

/** The report of a run: listens while it goes on, is written when it is over. */
export class ReportFile {
  readonly path: string
  /** What was measured between hosts; added by whoever measures it. */
  readonly matrices: Matrix[] = []
  readonly #cluster: string
  readonly #world: World
  readonly #startedAt = new Date()
  readonly #timeline = new Timeline()

  private constructor(path: string, cluster: string, world: World) {
    this.path = path
    this.#cluster = cluster
    this.#world = world
  }

  /** @throws InputError when it could not be written in the end: better now than after hosts were changed. */
  static async open({ report }: ReportOptions, cluster: string, world: World): Promise<ReportFile | undefined> {
    if (report === undefined) return undefined
    await mustBeWritable(resolve(world.cwd, report), report)
    return new ReportFile(report, cluster, world)
  }

  readonly on = (event: Event): void => this.#timeline.on(event)

  /** @throws FailedError */
  async write(ending: Ending): Promise<void> {
    const { redactor, cwd } = this.#world
    const page = reportPage({ ...this.#data(ending), ...redactor.deep(this.#names()) })
    try {
      await writePrivateFile(resolve(cwd, this.path), page)
    } catch (cause) {
      if (!(cause instanceof InputError)) throw cause
      throw new FailedError({ ...cause.trouble, why: 'the run is over; only its report is missing' }, { cause })
    }
  }

  #data({ log, consent, ...ending }: Ending): Omit<ReportData, 'cluster' | 'who' | 'matrices'> {
    return {
      ...ending,
      startedAt: this.#startedAt,
      aim: consent === 'look' ? 'look' : consent === 'judge' ? 'judge' : consent === 'fetch' ? 'prove' : 'act',
      plans: log.plans,
      results: log.results,
      settled: [...log.settled.values()],
      timeline: this.#timeline,
    }
  }

  /** What did not come with an event. */
  #names(): Pick<ReportData, 'cluster' | 'who' | 'matrices'> {
    const { user, machine } = this.#world
    return { cluster: this.#cluster, who: `${user}@${machine}`, matrices: this.matrices }
  }
}

async function mustBeWritable(path: string, given: string): Promise<void> {
  const folder = dirname(path)
  try {
    await access(folder, constants.W_OK | constants.X_OK)
  } catch (cause) {
    const code = (cause as NodeJS.ErrnoException).code ?? String(cause)
    const fix = code === 'ENOENT' ? `mkdir -p -- '${folder}'` : 'choose another path, or mend the rights of its folder'
    throw new InputError({ what: `a report cannot be written to ${given} (${code})`, where: folder, fix }, { cause })
  }
  const there = await stat(path).catch(() => undefined)
  if (there?.isDirectory() === true)
    throw new InputError({
      what: `${given} is a folder`,
      where: '--report',
      fix: `name a file in it: ${given}/report.html`,
    })
}
