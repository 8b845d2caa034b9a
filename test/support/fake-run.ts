import { mkdtempSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import type { Parts } from '../../src/cli/parts.ts'
import { runProgram } from '../../src/cli/program.ts'
import type { World } from '../../src/cli/world.ts'
import type { Change } from '../../src/core/change.ts'
import { ProvisionError, UnreachableError } from '../../src/core/errors.ts'
import type { Counters, Job, Outcome, Peer, RunOptions, Session } from '../../src/core/host.ts'
import { compile, play, section } from '../../src/core/play.ts'
import { requirement } from '../../src/core/requirement.ts'
import type { Resource } from '../../src/core/resource.ts'
import type { Host } from '../../src/inventory/inventory.ts'
import { readInventory } from '../../src/inventory/read.ts'
import { troubleCard } from '../../src/render/failure-card.ts'
import { PLAIN } from '../../src/render/paint.ts'
import { Redactor } from '../../src/render/redact.ts'
import { FakeStream } from './fake-terminal.ts'

/** Hosts that are a word of text each: what the command line does with a run, without any host. */
export class FakeHosts {
  /** What each host is now; wanted is `new`. */
  readonly text = new Map<string, string>()
  readonly connected: string[] = []
  readonly purposes: string[] = []
  readonly sessions: FakeSession[] = []
  /** Keys hosts show; `SHA256:fake` unless said here. */
  readonly keys = new Map<string, string>()
  /** Keys that were wanted of hosts when a way to them was made. */
  readonly pins = new Map<string, readonly string[] | undefined>()
  /** Hosts that cannot be reached. */
  readonly gone = new Set<string>()
  /** Lab machines that do not exist before somebody makes them, and what they would be. */
  readonly unmade = new Map<string, string>()
  /** Hosts that miss a requirement. */
  readonly unmet = new Set<string>()
  /** Hosts whose step ends with status 1. */
  readonly failing = new Set<string>()
  /** What a step prints. */
  output = 'working\n'
  /** Called when a wave begins. */
  onWave: () => void = () => undefined
  atOnce = 0
  /** Scripts that ran at the same time. */
  most = 0

  /** A script takes its time. */
  async takeTime(): Promise<void> {
    this.most = Math.max(this.most, ++this.atOnce)
    await new Promise((resolve) => setImmediate(resolve))
    this.atOnce--
  }

  textOf(host: string): string {
    return this.text.get(host) ?? 'old'
  }

  parts(): Parts {
    return {
      readInventory,
      machines: async (_inventory, _hosts, { make }) => ({
        place: (host) => host,
        missing: make ? new Map() : new Map(this.unmade),
      }),
      compile: async (_inventory, hosts, { purpose }) => {
        this.purposes.push(purpose)
        return hosts.map((host) => compile(this.#play(), host))
      },
      connect: async (hosts) => async (name) => {
        this.pins.set(name, hosts.find((host) => host.name === name)?.ssh.hostKeys)
        this.connected.push(name)
        await hosts.find((host) => host.name === name)?.ssh.password?.reveal()
        if (this.gone.has(name))
          throw new UnreachableError({ what: `${name} does not answer`, where: name, fix: 'switch it on' })
        const session = new FakeSession(name, this)
        this.sessions.push(session)
        return session
      },
      collect: [],
    }
  }

  #play() {
    return play<Host>('fake', [
      section('Verify', 'verify', ({ name }) => [this.#requirement(name)]),
      section('Write', 'write', ({ name }) => [this.#note(name, 'first')]),
      section('Prove', 'prove', () => []),
    ])
  }

  #requirement(host: string): Resource {
    const finding = {
      id: 'memory',
      evidence: '1 GiB',
      threshold: '2 GiB',
      severity: 'required',
      fix: 'add some',
    } as const
    return requirement({
      id: 'memory',
      title: 'memory',
      probes: [],
      judge: () => ({ ...finding, met: !this.unmet.has(host) }),
    })
  }

  #note(host: string, name: string): Resource {
    const key = `note:${name}` as const
    return {
      key,
      title: key,
      after: [],
      paths: [],
      guards: [],
      closer: () => [],
      probes: [],
      decide: () => {
        const now = this.textOf(host)
        if (now === 'new') return { verdict: 'same', evidence: 'says new' }
        const changes: Change[] = [{ what: 'text', from: now, to: 'new', text: { before: `${now}\n`, after: 'new\n' } }]
        return { verdict: 'differs', changes, steps: [{ title: 'write the note', body: ':' }] }
      },
    }
  }
}

class FakeSession implements Session {
  readonly host: string
  readonly peer: Peer
  readonly counters: Counters = { channels: 0, roundTrips: 0, bytesSent: 0, bytesReceived: 0, reconnects: 0 }
  readonly jobs: Job[] = []
  locked = false
  closed = false
  readonly #hosts: FakeHosts

  constructor(host: string, hosts: FakeHosts) {
    this.host = host
    this.#hosts = hosts
    const hostKey = hosts.keys.get(host) ?? 'SHA256:fake'
    this.peer = { address: '127.0.0.1', port: 22, user: 'root', hostKey, become: 'root' }
  }

  async run(): Promise<Outcome> {
    this.counters.channels++
    await this.#hosts.takeTime()
    return { kind: 'exited', code: 0, sections: [], stderr: '' }
  }

  async supervise(job: Job, { onMark, onText }: RunOptions): Promise<Outcome> {
    this.jobs.push(job)
    this.#hosts.onWave()
    await this.#hosts.takeTime()
    const { output, failing, text } = this.#hosts
    const status = failing.has(this.host) ? '1' : '0'
    const step = ['step', '0', '0'] as const
    const ended = ['ended', '0', '0', status] as const
    onMark?.(step)
    onText?.(step, output)
    onMark?.(ended)
    if (status === '0') text.set(this.host, 'new')
    const sections = [
      { mark: step, text: output, droppedBytes: 0 },
      { mark: ended, text: '', droppedBytes: 0 },
    ]
    return { kind: 'exited', code: 0, sections, stderr: '' }
  }

  async upload(): Promise<Outcome> {
    throw new Error('nothing to upload in these tests')
  }

  async reboot(): Promise<Outcome> {
    throw new Error('nothing to restart in these tests')
  }

  async lock(): Promise<void> {
    this.locked = true
  }

  async close(): Promise<void> {
    this.closed = true
  }
}

export interface Ran {
  readonly code: number
  readonly out: string
  readonly err: string
}

export interface RunningOptions {
  readonly env?: Readonly<Record<string, string>>
  /** A terminal of this size. */
  readonly terminal?: { readonly columns: number; readonly rows: number }
  readonly signal?: AbortSignal
}

/** A folder of its own, a command line in it, and what it said. */
export class FakeOffice {
  readonly folder = mkdtempSync(join(tmpdir(), 'provision-cli-'))
  readonly hosts = new FakeHosts()
  readonly stdin = new FakeStream()

  inventory(...names: readonly string[]): string {
    const hosts = names.map(
      (name) => `  ${name}: {roles: [${name === names[0] ? 'control-plane' : 'worker'}], address: ${name}.example}`,
    )
    return this.file('x.yaml', ['name: x', 'kubernetes: {version: "1.36.3"}', 'hosts:', ...hosts, ''].join('\n'))
  }

  file(name: string, text: string): string {
    const path = join(this.folder, name)
    writeFileSync(path, text)
    return path
  }

  /** `say`: what the person answers, once something is asked. */
  async run(argv: readonly string[], { env = {}, terminal, signal }: RunningOptions = {}, say?: string): Promise<Ran> {
    const stdout = new FakeStream(terminal)
    const stderr = new FakeStream(terminal)
    const stdin = new FakeStream(terminal)
    if (say !== undefined) {
      stdout.on('data', () => {
        if (stdout.text.includes('[y/N]') && !stdin.writableEnded) stdin.end(`${say}\n`)
      })
    }
    const world: World = {
      program: 'provision',
      argv,
      env,
      hideVariable: () => undefined,
      cwd: this.folder,
      home: this.folder,
      user: 'me',
      machine: 'here',
      runtime: { node: 'v24', platform: 'linux x64' },
      stdin: stdin.asRead(),
      stdout: stdout.asWrite(),
      stderr: stderr.asWrite(),
      redactor: new Redactor(),
      signal: signal ?? new AbortController().signal,
    }
    const code = await runProgram(world, this.hosts.parts()).catch((error: unknown) => {
      if (!(error instanceof ProvisionError)) throw error
      stderr.write(troubleCard(error.trouble, PLAIN).join('\n'))
      return error.exit
    })
    await new Promise((resolve) => setImmediate(resolve))
    return { code, out: stdout.text, err: stderr.text }
  }

  remove(): void {
    rmSync(this.folder, { recursive: true, force: true })
  }
}
