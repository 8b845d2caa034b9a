import { type ChildProcess, execFileSync, spawn } from 'node:child_process'
import { chmodSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs'
import { connect, createServer } from 'node:net'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { setTimeout as sleep } from 'node:timers/promises'
import { fingerprint } from '../../src/transport/host-key.ts'
import type { SshTarget } from '../../src/transport/target.ts'

export interface SshdOptions {
  /** Lines for sshd_config; the first value of a keyword wins. */
  readonly config?: readonly string[]
  readonly hostKeys?: readonly string[]
  /** Shell text run on the host before sshd starts: users, sudo rules, mounts. */
  readonly setup?: string
}

/**
 * A private OpenSSH server on a loopback port, with keys of its own. It lives in process and mount namespaces of its
 * own: `/run` is empty, what is written to `/etc`, `/var` and `/home` is gone afterwards, and so is every process it
 * started.
 */
export class Sshd {
  readonly dir: string
  readonly port: number
  readonly identityFile: string
  readonly #options: SshdOptions
  #child: ChildProcess | undefined

  private constructor(dir: string, port: number, options: SshdOptions) {
    this.dir = dir
    this.port = port
    this.identityFile = join(dir, 'id')
    this.#options = options
  }

  static async start(options: SshdOptions = {}): Promise<Sshd> {
    const dir = mkdtempSync(join(tmpdir(), 'provision-sshd-'))
    // Users other than root must find the public key.
    chmodSync(dir, 0o711)
    const sshd = new Sshd(dir, await freePort(), options)
    const { config = [], hostKeys = ['ed25519'], setup = '' } = options
    makeKey('ed25519', sshd.identityFile)
    for (const type of hostKeys) makeKey(type, join(dir, `host_${type}`))
    const lines = [
      ...config,
      `Port ${sshd.port}`,
      'ListenAddress 127.0.0.1',
      ...hostKeys.map((type) => `HostKey ${join(dir, `host_${type}`)}`),
      `AuthorizedKeysFile ${sshd.identityFile}.pub`,
      'PermitRootLogin yes',
      'PasswordAuthentication no',
      'KbdInteractiveAuthentication no',
      'UsePAM no',
      'StrictModes no',
      'MaxStartups 200',
      'LogLevel VERBOSE',
      // A home without start-up files: those of a developer's root account may take seconds.
      `SetEnv HOME=${dir}`,
      'Subsystem sftp internal-sftp',
    ]
    writeFileSync(join(dir, 'sshd_config'), `${lines.join('\n')}\n`)
    writeFileSync(join(dir, 'setup'), setup)
    await sshd.boot()
    return sshd
  }

  /** Starts the server; a second time after `crash`, with nothing left in `/run`. */
  async boot(): Promise<void> {
    const namespaces = ['--mount', '--pid', '--fork', '--kill-child', '--mount-proc']
    this.#child = spawn('unshare', [...namespaces, 'sh', '-ec', INIT, 'init', this.dir], {
      stdio: ['ignore', 'ignore', 'pipe'],
    })
    let said = ''
    this.#child.stderr?.on('data', (chunk: Buffer) => {
      said += chunk.toString('utf8')
    })
    for (let i = 0; i < 1200; i++) {
      if (await answers(this.port)) return
      if (this.#child.exitCode !== null) break
      await sleep(25)
    }
    throw new Error(`sshd did not start: ${said}`)
  }

  log(): string {
    return readFileSync(join(this.dir, 'log'), 'utf8')
  }

  /** Session channels with a command, by sshd's own count. */
  sessions(): number {
    return this.log().match(/Starting session: /g)?.length ?? 0
  }

  /** Where a path of the host is on this machine. */
  path(onHost: string): string {
    const unshare = this.#child?.pid
    const [init = ''] = readFileSync(`/proc/${unshare}/task/${unshare}/children`, 'utf8').trim().split(' ')
    return `/proc/${init}/root${onHost}`
  }

  hostKey(type = 'ed25519'): string {
    const [, base64 = ''] = this.publicHostKey(type).split(' ')
    return fingerprint(Buffer.from(base64, 'base64'))
  }

  /** The two words known_hosts wants. */
  publicHostKey(type = 'ed25519'): string {
    const words = readFileSync(join(this.dir, `host_${type}.pub`), 'utf8').split(' ')
    return words.slice(0, 2).join(' ')
  }

  target(changes: Partial<SshTarget> = {}): SshTarget {
    return {
      name: 'host',
      address: '127.0.0.1',
      port: this.port,
      user: 'root',
      identityFiles: [this.identityFile],
      hostKeys: [this.hostKey(this.#options.hostKeys?.[0])],
      hostKeyPolicy: 'strict',
      knownHostsFiles: [],
      become: { method: 'auto' },
      ...changes,
    }
  }

  /** Pulls the plug: every process of the host is killed, and `/run` is lost. */
  async crash(): Promise<void> {
    const child = this.#child
    if (child === undefined || child.exitCode !== null || child.signalCode !== null) return
    const closed = new Promise((resolve) => child.once('close', resolve))
    child.kill('SIGKILL')
    await closed
  }

  async stop(): Promise<void> {
    await this.crash()
    rmSync(this.dir, { recursive: true, force: true })
  }
}

/**
 * $1 is the folder. Layers keep the machine's own folders clean; sshd wants an empty folder for its unprivileged half.
 */
const INIT = `
mount -t tmpfs -o mode=0755 tmpfs /run
mkdir -p /run/sshd /run/lock /run/layers
mount -t tmpfs tmpfs /run/layers
for d in etc var home; do
  mkdir "/run/layers/$d" "/run/layers/$d.work"
  mount -t overlay -o "lowerdir=/$d,upperdir=/run/layers/$d,workdir=/run/layers/$d.work" overlay "/$d"
done
. "$1/setup"
exec /usr/sbin/sshd -D -f "$1/sshd_config" -E "$1/log"
`

export function makeKey(type: string, file: string, passphrase = ''): void {
  execFileSync('ssh-keygen', ['-q', '-t', type, '-N', passphrase, '-f', file])
}

async function freePort(): Promise<number> {
  const server = createServer()
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve))
  const address = server.address()
  await new Promise((resolve) => server.close(resolve))
  if (address === null || typeof address === 'string') throw new Error('no port')
  return address.port
}

function answers(port: number): Promise<boolean> {
  return new Promise((resolve) => {
    const socket = connect(port, '127.0.0.1')
    socket.once('data', () => {
      socket.destroy()
      resolve(true)
    })
    socket.once('error', () => resolve(false))
    socket.once('end', () => resolve(false))
  })
}
