import { spawn } from 'node:child_process'
import { Readable } from 'node:stream'
import { pipeline } from 'node:stream/promises'
import type { Counters, Job, LockHolder, Outcome, Peer, RunOptions, Session } from '../../src/core/host.ts'
import { FrameParser, newNonce } from '../../src/transport/frame.ts'
import { prelude } from '../../src/transport/script.ts'
import { Sections } from '../../src/transport/sections.ts'

/** Runs scripts with this machine's own shell: the engine against a real world, without ssh. For tests of the engine alone. */
export class LocalSession implements Session {
  readonly host: string
  readonly peer: Peer = { address: 'local', port: 0, user: 'root', hostKey: 'SHA256:test', become: 'root' }
  readonly counters: Counters = { channels: 0, roundTrips: 0, bytesSent: 0, bytesReceived: 0, reconnects: 0 }
  readonly scripts: string[] = []
  readonly jobs: Job[] = []
  locked: LockHolder | undefined
  closed = false
  reboots = 0
  readonly #shell: readonly string[]

  constructor(host: string, shell: readonly string[] = ['sh']) {
    this.host = host
    this.#shell = shell
  }

  run(script: string, options: RunOptions): Promise<Outcome> {
    this.scripts.push(script)
    return this.#run(script, options)
  }

  supervise(job: Job, options: RunOptions): Promise<Outcome> {
    this.jobs.push(job)
    return this.#run(job.script, options)
  }

  upload(): Promise<Outcome> {
    throw new Error('nothing to upload in these tests')
  }

  async reboot(): Promise<Outcome> {
    this.reboots++
    return { kind: 'exited', code: 0, sections: [], stderr: '' }
  }

  async lock(holder: LockHolder): Promise<void> {
    this.locked = holder
  }

  async close(): Promise<void> {
    this.closed = true
  }

  async #run(script: string, options: RunOptions): Promise<Outcome> {
    this.counters.channels++
    const nonce = newNonce()
    const sections = new Sections(options)
    const parser = new FrameParser(nonce, sections)
    const [program = 'sh', ...args] = this.#shell
    const text = `${prelude(nonce)}\n( ${script}\n)\nmark END $?\n`
    const { input } = options
    const child = spawn(program, [...args, ...(input ? ['-c', text] : ['-s'])], { stdio: ['pipe', 'pipe', 'pipe'] })
    let stderr = ''
    child.stdout.on('data', (chunk: Uint8Array) => parser.push(chunk))
    child.stderr.on('data', (chunk: Uint8Array) => {
      stderr += String(chunk)
    })
    // Whoever is gone already hears nothing more.
    child.stdin.on('error', () => {})
    if (input) void pipeline(Readable.from(input), child.stdin).catch(() => {})
    else child.stdin.end(text)
    await new Promise((resolve) => child.on('close', resolve))
    parser.flush()
    const list = sections.finish()
    return sections.code === undefined
      ? { kind: 'lost', sent: true, reason: stderr, sections: list }
      : { kind: 'exited', code: sections.code, sections: list, stderr }
  }
}
