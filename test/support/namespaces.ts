import { type ChildProcess, execFileSync, spawn } from 'node:child_process'
import { once } from 'node:events'
import { join } from 'node:path'
import { LocalSession } from './local-session.ts'

/**
 * Machines without machines: network namespaces on one bridge, which stands in a namespace of its own. Each shares the file
 * system and the clock of this machine, and nothing of its network. Addresses are 10.98.0.1, .2, … and fd98::1, …
 */
export class Namespaces implements Disposable {
  readonly names: readonly string[]
  readonly #prefix: string
  readonly #wires: ChildProcess[] = []

  constructor(prefix: string, names: readonly string[]) {
    this.names = names
    this.#prefix = `${prefix}-${process.pid}`
    try {
      ip('netns', 'add', this.#space('lan'))
      this.lan('ip', 'link', 'add', 'br0', 'type', 'bridge')
      this.lan('ip', 'link', 'set', 'br0', 'up')
      for (const name of names) this.#plug(name)
    } catch (error) {
      this[Symbol.dispose]()
      throw error
    }
  }

  address(name: string): string {
    return `10.98.0.${this.#number(name)}`
  }

  address6(name: string): string {
    return `fd98::${this.#number(name)}`
  }

  /** Runs a command as a machine. @throws when it fails */
  on(name: string, ...argv: readonly string[]): string {
    return execFileSync('ip', ['netns', 'exec', this.#space(name), ...argv], {
      encoding: 'utf8',
      stdio: ['ignore', 'pipe', 'pipe'],
    })
  }

  /** Runs a command where the bridge is; the port of machine x is called `to-x`. */
  lan(...argv: readonly string[]): string {
    return this.on('lan', ...argv)
  }

  /** The command that starts the rest of its command line as a machine. */
  enter(name: string): readonly string[] {
    return ['ip', 'netns', 'exec', this.#space(name)]
  }

  session(name: string, shell: readonly string[] = ['sh']): LocalSession {
    return new LocalSession(name, [...this.enter(name), ...shell])
  }

  /** Puts a slow wire that loses frames between a machine and the bridge. */
  async slow(name: string, wire: { readonly delayMs: number; readonly lossPercent: number }): Promise<void> {
    this.on(name, 'ip', 'link', 'del', 'eth0')
    const ends = [this.#space(name), 'eth0', this.#space('lan'), `to-${name}`]
    const how = [String(wire.delayMs), String(wire.lossPercent), '1']
    const child = spawn('python3', [join(import.meta.dirname, 'slow-wire.py'), ...ends, ...how])
    this.#wires.push(child)
    await once(child.stdout, 'data')
    this.#connect(name)
  }

  /** What listens on a machine, by ss. */
  listeners(name: string): string {
    return this.on(name, 'ss', '-Hlntu')
  }

  [Symbol.dispose](): void {
    for (const wire of this.#wires.splice(0)) wire.kill()
    for (const name of [...this.names, 'lan']) {
      try {
        ip('netns', 'del', this.#space(name))
      } catch {
        // It was never made.
      }
    }
  }

  #plug(name: string): void {
    const space = this.#space(name)
    ip('netns', 'add', space)
    this.on(
      name,
      'ip',
      'link',
      'add',
      'eth0',
      'type',
      'veth',
      'peer',
      'name',
      `to-${name}`,
      'netns',
      this.#space('lan'),
    )
    this.#connect(name)
  }

  #connect(name: string): void {
    this.lan('ip', 'link', 'set', `to-${name}`, 'master', 'br0', 'up')
    this.on(name, 'sysctl', '-qw', 'net.ipv6.conf.all.accept_dad=0', 'net.ipv6.conf.eth0.accept_dad=0')
    this.on(name, 'ip', 'addr', 'add', `${this.address(name)}/24`, 'dev', 'eth0')
    this.on(name, 'ip', 'addr', 'add', `${this.address6(name)}/64`, 'dev', 'eth0', 'nodad')
    this.on(name, 'ip', 'link', 'set', 'eth0', 'up')
    this.on(name, 'ip', 'link', 'set', 'lo', 'up')
  }

  #space(name: string): string {
    return `${this.#prefix}-${name}`
  }

  #number(name: string): number {
    return this.names.indexOf(name) + 1
  }
}

function ip(...argv: readonly string[]): void {
  execFileSync('ip', argv, { stdio: ['ignore', 'ignore', 'pipe'] })
}
