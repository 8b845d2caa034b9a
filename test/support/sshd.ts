import { type ChildProcess, execFileSync, spawn } from 'node:child_process'
import { mkdirSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs'
import { connect, createServer } from 'node:net'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { setTimeout as sleep } from 'node:timers/promises'
import { fingerprint } from '../../src/transport/host-key.ts'
import type { SshTarget } from '../../src/transport/target.ts'

/** A private OpenSSH server on a loopback port, with keys of its own. Root logs in with `identityFile`. */
export class Sshd {
  readonly dir: string
  readonly port: number
  readonly identityFile: string
  #child: ChildProcess | undefined

  private constructor(dir: string, port: number) {
    this.dir = dir
    this.port = port
    this.identityFile = join(dir, 'id')
  }

  /** `lines` are added to sshd_config; the first value of a keyword wins. */
  static async start(lines: readonly string[] = [], hostKeys: readonly string[] = ['ed25519']): Promise<Sshd> {
    const dir = mkdtempSync(join(tmpdir(), 'provision-sshd-'))
    const sshd = new Sshd(dir, await freePort())
    // sshd insists on its empty folder for the unprivileged half.
    mkdirSync('/run/sshd', { recursive: true, mode: 0o755 })
    execFileSync('ssh-keygen', ['-q', '-t', 'ed25519', '-N', '', '-f', sshd.identityFile])
    for (const type of hostKeys)
      execFileSync('ssh-keygen', ['-q', '-t', type, '-N', '', '-f', join(dir, `host_${type}`)])
    const config = [
      ...lines,
      `Port ${sshd.port}`,
      'ListenAddress 127.0.0.1',
      ...hostKeys.map((type) => `HostKey ${join(dir, `host_${type}`)}`),
      `AuthorizedKeysFile ${sshd.identityFile}.pub`,
      `PidFile ${join(dir, 'pid')}`,
      'PermitRootLogin yes',
      'PasswordAuthentication no',
      'KbdInteractiveAuthentication no',
      'UsePAM no',
      'StrictModes no',
      'MaxStartups 200',
      'LogLevel VERBOSE',
      // A home without start-up files: those of the developer's root account may take seconds.
      `SetEnv HOME=${dir}`,
      'Subsystem sftp internal-sftp',
    ]
    writeFileSync(join(dir, 'sshd_config'), `${config.join('\n')}\n`)
    await sshd.#launch()
    return sshd
  }

  async #launch(): Promise<void> {
    this.#child = spawn('/usr/sbin/sshd', ['-D', '-f', join(this.dir, 'sshd_config'), '-E', join(this.dir, 'log')], {
      stdio: 'ignore',
    })
    for (let i = 0; i < 200; i++) {
      if (await answers(this.port)) return
      if (this.#child.exitCode !== null) break
      await sleep(25)
    }
    throw new Error(`sshd did not start: ${this.log()}`)
  }

  log(): string {
    return readFileSync(join(this.dir, 'log'), 'utf8')
  }

  /** Session channels with a command, by sshd's own count. */
  sessions(): number {
    return this.log().match(/Starting session: command/g)?.length ?? 0
  }

  hostKey(type = 'ed25519'): string {
    const [, base64 = ''] = readFileSync(join(this.dir, `host_${type}.pub`), 'utf8').split(' ')
    return fingerprint(Buffer.from(base64, 'base64'))
  }

  /** The two words known_hosts wants. */
  publicHostKey(type = 'ed25519'): string {
    return readFileSync(join(this.dir, `host_${type}.pub`), 'utf8')
      .split(' ')
      .slice(0, 2)
      .join(' ')
  }

  target(changes: Partial<SshTarget> = {}): SshTarget {
    return {
      name: 'host',
      address: '127.0.0.1',
      port: this.port,
      user: 'root',
      identityFiles: [this.identityFile],
      hostKeys: [this.hostKey()],
      hostKeyPolicy: 'strict',
      knownHostsFiles: [],
      become: { method: 'auto' },
      ...changes,
    }
  }

  async stop(): Promise<void> {
    const child = this.#child
    if (child !== undefined && child.exitCode === null) {
      const closed = new Promise((resolve) => child.once('close', resolve))
      child.kill()
      await closed
    }
    rmSync(this.dir, { recursive: true, force: true })
  }
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
  })
}
