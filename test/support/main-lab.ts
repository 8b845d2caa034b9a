import { readFile, writeFile } from 'node:fs/promises'
import { join } from 'node:path'
import { parse, parseDocument, stringify } from 'yaml'
import { argv } from '../../src/core/quote.ts'
import { type Lab, openLab } from '../../src/lab/lab.ts'
import { type CommandResult, command } from '../../src/lab/local/command.ts'
import { CommandLine } from './command-line.ts'

const EXAMPLE = join(import.meta.dirname, '../../inventory/lab.yaml')
const HOST = 'lab1'

export interface RemoteHost {
  readonly ssh?: Readonly<Record<string, unknown>>
  readonly become?: Readonly<Record<string, unknown>>
  /** Keys of the inventory's top. */
  readonly top?: Readonly<Record<string, unknown>>
}

export interface Sessions {
  /** Session channels that ran a command or shell. */
  readonly channels: number
  readonly sftp: number
}

/** The README's own inventory under another name, its machine, and the command line that works on it. */
export class MainLab implements AsyncDisposable {
  readonly cli: CommandLine
  readonly inventory: string
  readonly lab: Lab
  readonly #ssh = new Map<string, Promise<readonly string[]>>()

  private constructor(cli: CommandLine, inventory: string, name: string) {
    this.cli = cli
    this.inventory = inventory
    this.lab = openLab({
      stateDir: join(cli.stateDir, 'provision/lab'),
      cacheDir: join(cli.cacheDir, 'provision'),
      name,
      report: () => {},
    })
  }

  /** `change` puts other values into the copy, by path. The machine itself is not made yet. */
  static async open(
    name: string,
    change: readonly (readonly [path: string, value: unknown])[] = [],
    how: { readonly cold?: boolean } = {},
  ): Promise<MainLab> {
    const cli = await CommandLine.open(how)
    const inventory = join(cli.folder, 'lab.yaml')
    const document = parseDocument(await readFile(EXAMPLE, 'utf8'))
    for (const [path, value] of [['name', name] as const, ...change]) document.setIn(path.split('.'), value)
    await writeFile(inventory, String(document))
    return new MainLab(cli, inventory, name)
  }

  async [Symbol.asyncDispose](): Promise<void> {
    await this.lab.down()
    await this.cli[Symbol.asyncDispose]()
  }

  /**
   * An inventory with the same machine as if it were anybody's: reached over the lab's network by what `host` says. Without
   * `hostKeys` in its `ssh` the machine's own key is pinned.
   */
  async asRemote(file: string, host: RemoteHost = {}): Promise<string> {
    const [found] = await this.lab.list()
    if (!found) throw new Error('there is no machine yet')
    const { address, port, hostKey, identityFile, proxyCommand = [] } = found.machine
    const { lab: _lab, hosts: _hosts, ...rest } = parse(await readFile(this.inventory, 'utf8'))
    const ssh = {
      user: 'root',
      port,
      hostKeys: [hostKey],
      proxyCommand: argv(proxyCommand),
      ...(host.ssh?.password === undefined ? { identityFile } : {}),
      ...host.ssh,
    }
    const become = host.become ?? { method: 'auto' }
    const hosts = { [HOST]: { roles: ['control-plane', 'worker'], address, ssh, become } }
    const path = join(this.cli.folder, file)
    await writeFile(path, stringify({ ...rest, ...host.top, hosts }))
    return path
  }

  /** Runs sh text in a machine through the system's own ssh. */
  async on(script: string, deadlineMs = 120_000, host = HOST): Promise<CommandResult> {
    const way = this.#ssh.get(host) ?? this.lab.ssh(host)
    this.#ssh.set(host, way)
    return command([...(await way), script], { deadlineMs })
  }

  /** `on`, which must succeed; standard output. */
  async sh(script: string, deadlineMs?: number, host?: string): Promise<string> {
    const result = await this.on(script, deadlineMs, host)
    if (result.code !== 0) throw new Error(`${script}\nended with ${result.code}: ${result.stdout}${result.stderr}`)
    return result.stdout
  }

  /** Has sshd say in its log what each connection does. */
  async logSessions(host?: string): Promise<void> {
    const script = `printf 'LogLevel VERBOSE\\n' >/etc/ssh/sshd_config.d/test.conf && systemctl reload ssh`
    await this.sh(script, undefined, host)
  }

  /** What sshd's log says of the sessions while `body` ran; those this test opens itself do not count. */
  async sessionsDuring(body: () => Promise<unknown>, host?: string): Promise<Sessions> {
    const own = 'set -- $SSH_CONNECTION; printf "%s\\n" "$2"'
    const [cursor = '', first = ''] = (
      await this.sh(
        `journalctl --sync; journalctl -n 0 -q --show-cursor | sed 's/^-- cursor: //'; ${own}`,
        undefined,
        host,
      )
    ).split('\n')
    await body()
    const said = await this.sh(
      `${own}; journalctl --sync; journalctl -q -o cat --after-cursor='${cursor}' -t sshd-session -t sshd`,
      undefined,
      host,
    )
    const [second = '', ...log] = said.split('\n')
    const started = log.filter(
      (line) =>
        line.startsWith('Starting session: ') && ![first, second].some((port) => line.includes(` port ${port} `)),
    )
    const sftp = started.filter((line) => line.includes('sftp')).length
    return { channels: started.length, sftp }
  }
}
