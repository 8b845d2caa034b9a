import { execFileSync } from 'node:child_process'
import { mkdtempSync, readFileSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import ssh2, { type Connection, type ServerChannel } from 'ssh2'
import { fingerprint } from '../../src/transport/host-key.ts'
import type { SshTarget } from '../../src/transport/target.ts'

/** What a fake host does with each exec channel, once it has read the first line and knows the nonce. */
export type Behaviour = (channel: ServerChannel, nonce: string) => void

/** Keys for fake hosts and their visitors, made once for each file of tests. */
export class FakeKeys {
  readonly dir = mkdtempSync(join(tmpdir(), 'provision-fake-'))
  readonly identityFile = join(this.dir, 'id')
  readonly hostKeyFile = join(this.dir, 'host')

  constructor() {
    for (const file of [this.identityFile, this.hostKeyFile]) {
      execFileSync('ssh-keygen', ['-q', '-t', 'ed25519', '-N', '', '-f', file])
    }
  }

  get fingerprint(): string {
    return fingerprint(Buffer.from(readFileSync(`${this.hostKeyFile}.pub`, 'utf8').split(' ')[1] ?? '', 'base64'))
  }

  remove(): void {
    rmSync(this.dir, { recursive: true, force: true })
  }
}

/** An SSH server in this process: lets everybody in, and misbehaves as told. It counts what it saw. */
export class FakeHost {
  readonly seen = { connections: 0, handshakes: 0, logins: 0, channels: 0 }
  readonly port: number
  readonly #keys: FakeKeys
  readonly #server: ssh2.Server
  readonly #clients = new Set<Connection>()

  private constructor(server: ssh2.Server, keys: FakeKeys) {
    this.#server = server
    this.#keys = keys
    const address = server.address()
    this.port = typeof address === 'object' && address !== null ? address.port : 0
  }

  /** `refuse` turns down that many channels first; Infinity never answers. */
  static async start(keys: FakeKeys, behave: Behaviour, refuse = 0): Promise<FakeHost> {
    const server = new ssh2.Server({ hostKeys: [readFileSync(keys.hostKeyFile)] })
    await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', () => resolve()))
    const host = new FakeHost(server, keys)
    server.on('connection', (client) => host.#serve(client, behave, refuse))
    return host
  }

  #serve(client: Connection, behave: Behaviour, refuse: number): void {
    this.seen.connections++
    this.#clients.add(client)
    client.on('error', () => {}).on('close', () => this.#clients.delete(client))
    client.on('handshake', () => this.seen.handshakes++)
    client.on('authentication', (login) => {
      this.seen.logins++
      login.accept()
    })
    client.on('session', (accept, reject) => {
      this.seen.channels++
      if (refuse === Number.POSITIVE_INFINITY) return
      if (this.seen.channels <= refuse) return void reject()
      accept().on('exec', (acceptExec) => greet(acceptExec(), behave))
    })
  }

  target(changes: Partial<SshTarget> = {}): SshTarget {
    return {
      name: 'fake',
      address: '127.0.0.1',
      port: this.port,
      user: 'root',
      identityFiles: [this.#keys.identityFile],
      hostKeys: [this.#keys.fingerprint],
      hostKeyPolicy: 'strict',
      knownHostsFiles: [],
      become: { method: 'auto' },
      ...changes,
    }
  }

  async stop(): Promise<void> {
    for (const client of this.#clients) client.end()
    await new Promise<void>((resolve) => this.#server.close(() => resolve()))
  }
}

function greet(channel: ServerChannel, behave: Behaviour): void {
  let text = ''
  const read = (chunk: Buffer): void => {
    text += chunk.toString('utf8')
    const nonce = /provision ([0-9a-f]{32}) /.exec(text)?.[1]
    if (nonce === undefined) return
    channel.off('data', read).resume()
    behave(channel, nonce)
  }
  channel.on('data', read)
}

/** What a root shell says first. */
export const hello = (nonce: string): string => `\n${nonce} HELLO 0 1 root boot\n`

/** Ends a channel the way sshd does. */
export function finish(channel: ServerChannel, code = 0): void {
  channel.exit(code)
  channel.end()
}
