import { HostProgram } from './host-program.ts'
import type { TestHost } from './test-host.ts'

/** The faulty server, running in a test host's own network. */
export class DownloadPlace implements AsyncDisposable {
  readonly #program: HostProgram

  private constructor(program: HostProgram) {
    this.#program = program
  }

  static async start(host: TestHost, file: string): Promise<DownloadPlace> {
    return new DownloadPlace(await HostProgram.start(host, 'faulty-server.ts', file))
  }

  url(way: string): string {
    return `http://127.0.0.1:8080/${way}/file`
  }

  [Symbol.asyncDispose](): Promise<void> {
    return this.#program[Symbol.asyncDispose]()
  }
}
