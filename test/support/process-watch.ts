import { readdir, readFile } from 'node:fs/promises'
import { setTimeout as sleep } from 'node:timers/promises'

export interface Sighting {
  readonly where: 'argv' | 'environ'
  readonly pid: string
  /** Command line of the process. */
  readonly command: string
}

/** Reads command lines and environments of all processes of this machine, over and over, and keeps those with the text. */
export class ProcessWatch implements AsyncDisposable {
  readonly found: Sighting[] = []
  rounds = 0
  readonly #texts: readonly string[]
  #watching: Promise<void>
  #stop = false

  private constructor(texts: readonly string[]) {
    this.#texts = texts
    this.#watching = this.#watch()
  }

  static start(texts: readonly string[]): ProcessWatch {
    return new ProcessWatch(texts)
  }

  async #watch(): Promise<void> {
    while (!this.#stop) {
      const pids = (await readdir('/proc')).filter((name) => /^\d+$/.test(name) && name !== String(process.pid))
      await Promise.all(pids.map((pid) => this.#look(pid)))
      this.rounds++
      await sleep(20)
    }
  }

  async #look(pid: string): Promise<void> {
    const [argv, environ] = await Promise.all(['cmdline', 'environ'].map((name) => read(`/proc/${pid}/${name}`)))
    const command = (argv ?? '').replaceAll('\0', ' ').trim()
    // Between fork and exec a process still has the environment of its parent, and has no command line: the next round sees it.
    if (command === '') return
    for (const [where, text] of [['argv', argv] as const, ['environ', environ] as const])
      if (this.#texts.some((one) => text?.includes(one))) this.found.push({ where, pid, command })
  }

  async [Symbol.asyncDispose](): Promise<void> {
    this.#stop = true
    await this.#watching
  }
}

/** Nothing for a process that is gone, or not ours to look into. */
function read(path: string): Promise<string> {
  return readFile(path, 'latin1').catch(() => '')
}
