import { type ChildProcess, spawn } from 'node:child_process'
import { mkdtempSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import type { Readable, Writable } from 'node:stream'
import { pathToFileURL } from 'node:url'
import { ensurePackages } from '../../src/lab/debian/packages.ts'
import { BROWSER_PACKAGES } from './browser-packages.ts'

const PROGRAM = 'chromium-headless-shell'
const ANSWER_MS = 60_000

type Params = Readonly<Record<string, unknown>>

interface Message {
  readonly id?: number
  readonly sessionId?: string
  readonly method?: string
  readonly params?: Params
  readonly result?: Params
  readonly error?: { readonly message: string }
}

/** How a page is looked at. */
export interface View {
  readonly width: number
  readonly height: number
  readonly scheme: 'light' | 'dark'
  readonly media?: 'screen' | 'print'
}

/** A real browser, driven over two pipes by its own protocol. */
export class Browser implements AsyncDisposable {
  readonly #child: ChildProcess
  readonly #profile: string
  readonly #waiting = new Map<number, (message: Message) => void>()
  readonly #listeners: ((message: Message) => void)[] = []
  #next = 1

  private constructor(child: ChildProcess, profile: string) {
    this.#child = child
    this.#profile = profile
    let rest = ''
    const [, , , , output] = child.stdio
    ;(output as Readable).setEncoding('utf8').on('data', (chunk: string) => {
      const parts = (rest + chunk).split('\0')
      rest = parts.pop() ?? ''
      for (const part of parts) this.#onMessage(JSON.parse(part) as Message)
    })
  }

  /** Installs it where it is missing, saying so. */
  static async start(): Promise<Browser> {
    await ensurePackages(BROWSER_PACKAGES, (event) => {
      if (event.type === 'task' && event.state !== 'progress') process.stderr.write(`${event.title}: ${event.state}\n`)
    })
    const profile = mkdtempSync(join(tmpdir(), 'provision-browser-'))
    // Root has no use for its sandbox, and the pages are ours.
    const args = ['--no-sandbox', '--disable-gpu', '--hide-scrollbars', '--remote-debugging-pipe', '--no-first-run']
    const child = spawn(PROGRAM, [...args, `--user-data-dir=${profile}`, 'about:blank'], {
      stdio: ['ignore', 'ignore', 'ignore', 'pipe', 'pipe'],
    })
    await new Promise((resolve, reject) => child.once('spawn', resolve).once('error', reject))
    return new Browser(child, profile)
  }

  async [Symbol.asyncDispose](): Promise<void> {
    // The program we started may have handed over to another one: the pipe ends when the last of them has.
    const [, , , , output] = this.#child.stdio
    const ended = new Promise((resolve) => output?.once('end', resolve))
    void this.send('Browser.close').catch(() => this.#child.kill('SIGKILL'))
    await ended
    for (const stream of this.#child.stdio) stream?.destroy()
    rmSync(this.#profile, { recursive: true, force: true, maxRetries: 5 })
  }

  /** Opens a file in a page of its own, and tells of everything the page did besides showing itself. */
  async open(file: string, view: View): Promise<Page> {
    const { targetId } = await this.send('Target.createTarget', { url: 'about:blank' })
    const { sessionId } = await this.send('Target.attachToTarget', { targetId, flatten: true })
    const page = new Page(this, String(sessionId))
    await page.open(pathToFileURL(file).href, view)
    return page
  }

  send(method: string, params: Params = {}, sessionId?: string): Promise<Params> {
    const id = this.#next++
    const { promise, resolve, reject } = Promise.withResolvers<Params>()
    const late = setTimeout(() => reject(new Error(`${method} was not answered`)), ANSWER_MS)
    this.#waiting.set(id, ({ error, result }) => {
      clearTimeout(late)
      if (error) reject(new Error(`${method}: ${error.message}`))
      else resolve(result ?? {})
    })
    const [, , , input] = this.#child.stdio
    ;(input as Writable).write(`${JSON.stringify({ id, method, params, ...(sessionId ? { sessionId } : {}) })}\0`)
    return promise
  }

  listen(listener: (message: Message) => void): void {
    this.#listeners.push(listener)
  }

  #onMessage(message: Message): void {
    if (message.id !== undefined) {
      this.#waiting.get(message.id)?.(message)
      this.#waiting.delete(message.id)
    } else for (const listener of this.#listeners) listener(message)
  }
}

export class Page {
  /** Errors, warnings, and what the content policy forbade. */
  readonly console: string[] = []
  /** Addresses that were asked for. */
  readonly requests: string[] = []
  readonly #browser: Browser
  readonly #session: string

  constructor(browser: Browser, session: string) {
    this.#browser = browser
    this.#session = session
  }

  async open(url: string, { width, height, scheme, media = 'screen' }: View): Promise<void> {
    const loaded = Promise.withResolvers<void>()
    this.#browser.listen(({ sessionId, method, params = {} }) => {
      if (sessionId !== this.#session) return
      if (method === 'Page.loadEventFired') loaded.resolve()
      else if (method === 'Network.requestWillBeSent')
        this.requests.push(String((params.request as { url: string }).url))
      else if (
        method === 'Runtime.consoleAPICalled' ||
        method === 'Runtime.exceptionThrown' ||
        method === 'Log.entryAdded'
      )
        this.console.push(JSON.stringify(params))
    })
    for (const domain of ['Page', 'Network', 'Runtime', 'Log']) await this.#send(`${domain}.enable`)
    const features = [{ name: 'prefers-color-scheme', value: scheme }]
    await this.#send('Emulation.setEmulatedMedia', { media, features })
    await this.#send('Emulation.setDeviceMetricsOverride', { width, height, deviceScaleFactor: 1, mobile: width < 600 })
    await this.#send('Page.navigate', { url })
    await loaded.promise
  }

  /** Value of an expression in the page. */
  async evaluate(expression: string): Promise<unknown> {
    const { result, exceptionDetails } = await this.#send('Runtime.evaluate', { expression, returnByValue: true })
    if (exceptionDetails) throw new Error(JSON.stringify(exceptionDetails))
    return (result as { readonly value?: unknown }).value
  }

  /** The whole page, or a part of it, as a PNG. */
  async picture(part?: {
    readonly x: number
    readonly y: number
    readonly width: number
    readonly height: number
  }): Promise<Buffer> {
    const clip = part ? { clip: { ...part, scale: 1 } } : {}
    const { data } = await this.#send('Page.captureScreenshot', { captureBeyondViewport: true, ...clip })
    return Buffer.from(String(data), 'base64')
  }

  close(): Promise<unknown> {
    return this.#send('Page.close')
  }

  #send(method: string, params?: Params): Promise<Params> {
    return this.#browser.send(method, params, this.#session)
  }
}
