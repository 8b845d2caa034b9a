import { type ChildProcess, spawn } from 'node:child_process'
import { once } from 'node:events'
import { fileURLToPath } from 'node:url'
import type { TestHost } from './test-host.ts'

/** A server of ours in a test host's own network, where nothing else can reach it. It says `listening` when it does. */
export class HostProgram implements AsyncDisposable {
  readonly #child: ChildProcess

  private constructor(child: ChildProcess) {
    this.#child = child
  }

  static async start(host: TestHost, program: string, ...words: readonly string[]): Promise<HostProgram> {
    const path = fileURLToPath(new URL(`./${program}`, import.meta.url))
    const child = spawn('nsenter', ['--net', '-t', String(host.pid), process.execPath, path, ...words], {
      stdio: ['ignore', 'pipe', 'inherit'],
    })
    const ended = once(child, 'exit').then(() => Promise.reject(new Error(`${program} did not start`)))
    await Promise.race([once(child.stdout, 'data'), ended])
    ended.catch(() => undefined)
    return new HostProgram(child)
  }

  async [Symbol.asyncDispose](): Promise<void> {
    this.#child.kill()
    await once(this.#child, 'exit')
  }
}
