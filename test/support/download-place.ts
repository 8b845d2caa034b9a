import { type ChildProcess, spawn } from 'node:child_process'
import { once } from 'node:events'
import { fileURLToPath } from 'node:url'
import type { TestHost } from './test-host.ts'

/** The faulty server, running in a test host's own network where nothing else can reach it. */
export class DownloadPlace implements AsyncDisposable {
  readonly #child: ChildProcess
  readonly #host: TestHost

  private constructor(child: ChildProcess, host: TestHost) {
    this.#child = child
    this.#host = host
  }

  static async start(host: TestHost, file: string): Promise<DownloadPlace> {
    const program = fileURLToPath(new URL('./faulty-server.ts', import.meta.url))
    const words = ['--net', '-t', String(host.pid), process.execPath, program, file]
    const child = spawn('nsenter', words, { stdio: ['ignore', 'pipe', 'inherit'] })
    await Promise.race([
      once(child.stdout, 'data'),
      once(child, 'exit').then(() => Promise.reject(new Error('no server'))),
    ])
    return new DownloadPlace(child, host)
  }

  url(way: string): string {
    return `http://127.0.0.1:8080/${way}/file`
  }

  async asked(): Promise<readonly string[]> {
    return JSON.parse(await this.#host.sh('curl -s http://127.0.0.1:8080/log')) as string[]
  }

  async [Symbol.asyncDispose](): Promise<void> {
    this.#child.kill()
    await once(this.#child, 'exit')
  }
}
