import { randomUUID } from 'node:crypto'
import { readFile, writeFile } from 'node:fs/promises'
import { join } from 'node:path'
import { inject } from 'vitest'
import { parse, parseDocument, stringify } from 'yaml'
import { argv } from '../../src/core/quote.ts'
import { type Lab, openLab } from '../../src/lab/lab.ts'
import { type CommandResult, command } from '../../src/lab/local/command.ts'
import { CommandLine, describe } from './command-line.ts'
import { STANDING_NAME } from './standing-lab.ts'

const EXAMPLE = join(import.meta.dirname, '../../inventory/lab.yaml')
const HOST = 'lab1'

/** For sh text on a control plane. */
export const KUBECTL = '/usr/local/bin/kubectl --kubeconfig /etc/kubernetes/admin.conf'

/** One machine that is everything, for tests of what does not take several. */
const ALONE: readonly Change[] = [
  ['hosts', { [HOST]: { roles: ['control-plane', 'worker'] } }],
  ['lab.memory', '5G'],
]

/** A control plane that runs no pods of users, and two workers, on a network narrower than most. */
export const THREE_NODES: readonly Change[] = [
  [
    'hosts',
    {
      cp1: { roles: ['control-plane'] },
      w1: { roles: ['worker'], labels: { disk: 'fast' } },
      w2: { roles: ['worker'] },
    },
  ],
  ['lab.memory', '3G'],
  ['lab.lan', { mtu: 1400 }],
]

/** Another value in a copy of the inventory, by path. */
export type Change = readonly [path: string, value: unknown]

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

/** The README's own inventory under another name and of other machines, and the command line that works on it. */
export class MainLab implements AsyncDisposable {
  readonly cli: CommandLine
  readonly inventory: string
  readonly lab: Lab
  readonly #ssh = new Map<string, Promise<readonly string[]>>()
  readonly #stays: boolean

  private constructor(cli: CommandLine, inventory: string, name: string, stays = false) {
    this.cli = cli
    this.#stays = stays
    this.inventory = inventory
    this.lab = openLab({
      stateDir: join(cli.stateDir, 'provision/lab'),
      cacheDir: join(cli.cacheDir, 'provision'),
      name,
      report: () => {},
    })
  }

  /** One machine that is not made yet; `change` puts other values into the inventory, by path. */
  static async open(
    name: string,
    change: readonly Change[] = [],
    how: { readonly cold?: boolean } = {},
  ): Promise<MainLab> {
    const cli = await CommandLine.open(how)
    const inventory = join(cli.folder, 'lab.yaml')
    await writeInventory(inventory, [['name', name], ...ALONE, ...change])
    return new MainLab(cli, inventory, name)
  }

  /**
   * A cluster of cp1, w1 and w2 that all files of a run share, each with an inventory of its own: whoever asks first waits
   * for it to be made. What a file turns on there it turns off again. With PROVISION_STANDING=FOLDER it outlives the run.
   */
  static async standing(): Promise<MainLab> {
    const lab = await MainLab.#shared()
    const ended = await lab.cli.json(['up', lab.inventory, '--yes'])
    if (ended.code !== 0) throw new Error(`the cluster that tests share: ${describe(ended)}`)
    return lab
  }

  /** The same inventory before there is a machine of it; whoever asks makes that cluster, and leaves it to the others. */
  static async beforeStanding(): Promise<MainLab> {
    const lab = await MainLab.#shared()
    await lab.lab.down()
    return lab
  }

  static async #shared(): Promise<MainLab> {
    const cli = await CommandLine.in(inject('standingFolder'))
    const inventory = join(cli.folder, `${randomUUID()}.yaml`)
    await writeInventory(inventory, [['name', STANDING_NAME], ...THREE_NODES])
    return new MainLab(cli, inventory, STANDING_NAME, true)
  }

  async [Symbol.asyncDispose](): Promise<void> {
    if (!this.#stays) await this.lab.down()
    await this.cli[Symbol.asyncDispose]()
  }

  /** Another value in the inventory; `undefined` takes it out. */
  async change(path: readonly string[], value: unknown): Promise<void> {
    const document = parseDocument(await readFile(this.inventory, 'utf8'))
    if (value === undefined) document.deleteIn(path)
    else document.setIn(path, value)
    await writeFile(this.inventory, String(document))
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

  /** Runs kubectl on a control plane, as its administrator; standard output without the spaces around it. */
  async kubectl(words: string, deadlineMs = 600_000, host = 'cp1'): Promise<string> {
    return (await this.sh(`${KUBECTL} ${words}`, deadlineMs, host)).trim()
  }

  /** `NAME READY DISK` of each node, a line each; DISK is a label. */
  async nodes(): Promise<string> {
    const columns = 'NAME:.metadata.name,READY:.status.conditions[-1].status,DISK:.metadata.labels.disk'
    return (await this.kubectl(`get nodes --no-headers -o custom-columns=${columns}`)).replaceAll(/ +/g, ' ')
  }

  /** Has sshd say in its log what each connection does. */
  async logSessions(host?: string): Promise<void> {
    const script = `printf 'LogLevel VERBOSE\\n' >/etc/ssh/sshd_config.d/test.conf && systemctl reload ssh`
    await this.sh(script, undefined, host)
  }

  /** `sessionsDuring` on several hosts at once, in their order. */
  async sessionsOn(hosts: readonly string[], body: () => Promise<unknown>): Promise<readonly Sessions[]> {
    const [host, ...rest] = hosts
    if (host === undefined) {
      await body()
      return []
    }
    let inner: readonly Sessions[] = []
    const own = await this.sessionsDuring(async () => {
      inner = await this.sessionsOn(rest, body)
    }, host)
    return [own, ...inner]
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

async function writeInventory(path: string, change: readonly Change[]): Promise<void> {
  const document = parseDocument(await readFile(EXAMPLE, 'utf8'))
  for (const [key, value] of change) document.setIn(key.split('.'), value)
  await writeFile(path, String(document))
}
