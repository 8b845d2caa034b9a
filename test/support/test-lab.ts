import { mkdtemp, rm } from 'node:fs/promises'
import { homedir, tmpdir } from 'node:os'
import { join } from 'node:path'
import { setTimeout as sleep } from 'node:timers/promises'
import type { TaskEvent } from '../../src/core/events.ts'
import { type Lab, openLab } from '../../src/lab/lab.ts'
import { type CommandResult, command } from '../../src/lab/local/command.ts'
import type { Driver, MachineSpec } from '../../src/lab/machine.ts'

/** The cache of `provision` itself: building a kernel for every test run would help nobody. */
export const CACHE_DIR = join(process.env.XDG_CACHE_HOME ?? join(homedir(), '.cache'), 'provision')

export interface TestLab {
  readonly stateDir: string
  readonly events: TaskEvent[]
  /** As another run of the program would see it. */
  open(): Lab
  /** Runs a command line in a machine through the system's ssh. */
  on(machine: string, script: string, user?: string): Promise<CommandResult>
  /** `on`, which must succeed; standard output without the last line feed. */
  ask(machine: string, script: string): Promise<string>
  /** Runs it until it succeeds. */
  until(machine: string, script: string, deadlineMs: number): Promise<string>
  remove(): Promise<void>
}

export async function testLab(name: string): Promise<TestLab> {
  const stateDir = await mkdtemp(join(tmpdir(), 'lab-test-'))
  const events: TaskEvent[] = []
  const open = () =>
    openLab({
      stateDir,
      cacheDir: CACHE_DIR,
      name,
      report: (event) => {
        if (event.type === 'task') events.push(event)
      },
    })
  const lab: TestLab = {
    stateDir,
    events,
    open,
    on: async (machine, script, user) =>
      command([...(await open().ssh(machine, user)), script], { deadlineMs: 60_000 }),
    ask: async (machine, script) => {
      const result = await lab.on(machine, script)
      if (result.code !== 0) throw new Error(`${script}\nended with ${result.code}: ${result.stdout}${result.stderr}`)
      return result.stdout.trimEnd()
    },
    until: async (machine, script, deadlineMs) => {
      const end = performance.now() + deadlineMs
      for (;;) {
        const result = await lab.on(machine, script)
        if (result.code === 0) return result.stdout.trimEnd()
        await sleep(500) // every login costs an emulated machine a second
        if (performance.now() > end) throw new Error(`${script}\nstill ends with ${result.code}: ${result.stderr}`)
      }
    },
    remove: async () => {
      await open().down()
      await rm(stateDir, { recursive: true, force: true })
    },
  }
  return lab
}

export function small(name: string, driver: Driver, more: Partial<MachineSpec> = {}): MachineSpec {
  return { name, driver, memoryMiB: 512, diskGiB: 6, cpus: 1, ...more }
}

/** Processes of this machine whose command line has the text. */
export async function processesWith(text: string): Promise<string[]> {
  const { stdout } = await command(['ps', '-eo', 'pid=,args='], { deadlineMs: 10_000 })
  return stdout.split('\n').filter((line) => line.includes(text))
}

export async function outputOf(...argv: string[]): Promise<string> {
  return (await command(argv, { deadlineMs: 20_000 })).stdout
}
