import { type ChildProcess, spawn } from 'node:child_process'
import { once } from 'node:events'
import { existsSync } from 'node:fs'
import { mkdir, readFile, writeFile } from 'node:fs/promises'
import { dirname } from 'node:path'
import { setTimeout } from 'node:timers/promises'
import type { Event } from '../../src/core/events.ts'
import type { Answers, AnyProbe } from '../../src/core/fact.ts'
import { answersOf } from '../../src/core/fact.ts'
import { type Blob, type Outcome, stagedPath } from '../../src/core/host.ts'
import { type HostRun, HostRunner } from '../../src/core/host-run.ts'
import { lookScript, readLook } from '../../src/core/look.ts'
import type { Compiled, CompiledResource } from '../../src/core/play.ts'
import { quote } from '../../src/core/quote.ts'
import type { Resource } from '../../src/core/resource.ts'
import { LocalSession } from './local-session.ts'
import { testRoot } from './test-root.ts'

export type Shell = 'dash' | 'bash' | 'busybox'
export const SHELLS: readonly Shell[] = ['dash', 'bash', 'busybox']

/** Run id of every apply here; names the folder blobs are staged in. */
const RUN = 'test'

/** Says `ready` only from inside: whoever entered earlier would find itself in the root of this machine. */
const WAIT_FOR_THE_END = `exec chroot . /bin/sh -c 'printf "ready\\n"; while read -r line; do :; done'`

/** How a kind of host differs from the plain one. */
export interface Boot {
  /** Command that starts the rest of its command line. */
  readonly enter?: readonly string[]
  /** Options of unshare(1), on top of the usual ones. */
  readonly namespaces?: readonly string[]
  /** Debian packages on top of the usual ones. */
  readonly packages?: readonly string[]
  /** Folders of this machine seen in the host, read only, by their path there. */
  readonly folders?: Readonly<Record<string, string>>
  /** sh that runs in the new root's folder once it is mounted. */
  readonly init?: string
}

/**
 * A throwaway host: a small Debian under an overlay, in process, mount, network and name spaces of its own, with root in it
 * and a /proc/sys of its own network. Starts in a tenth of a second, and is gone with this process, whatever happens.
 * It has no init and shares the kernel: modules, swap, reboots and units need a lab machine or a container.
 */
export class TestHost implements AsyncDisposable {
  readonly shell: Shell
  readonly pid: number
  readonly #child: ChildProcess

  protected constructor(child: ChildProcess, pid: number, shell: Shell) {
    this.#child = child
    this.pid = pid
    this.shell = shell
  }

  static async start(shell: Shell = 'dash'): Promise<TestHost> {
    const { child, pid } = await TestHost.boot()
    return new TestHost(child, pid, shell)
  }

  /** Builds the namespaces and file systems, then runs `init` in them, which must print `ready`. */
  protected static async boot(how: Boot = {}): Promise<{ readonly child: ChildProcess; readonly pid: number }> {
    const root = await testRoot(how.packages)
    const script = `set -e
mount --make-rprivate /
mount -t tmpfs -o mode=0755 lab /mnt
mkdir /mnt/upper /mnt/work /mnt/root
mount -t overlay lab -o lowerdir=${quote(root)},upperdir=/mnt/upper,workdir=/mnt/work /mnt/root
cd /mnt/root
mount -t proc lab proc
mount -t sysfs -o ro lab sys
mount -t tmpfs -o mode=0755 lab dev
mount -t tmpfs -o mode=0755 lab run
mount -t tmpfs -o mode=1777 lab tmp
for node in null zero full random urandom tty; do touch dev/$node; mount --bind /dev/$node dev/$node; done
ln -s /proc/self/fd dev/fd
hostname lab
ip link set lo up 2>/dev/null || :
touch .lab-born
# Files have the time of the last tick: what is written within the same one would not be newer.
until touch .lab-tick && [ -n "$(find .lab-tick -newer .lab-born)" ]; do :; done
rm .lab-tick
${Object.entries(how.folders ?? {})
  .map(bound)
  .join('\n')}
${how.init ?? WAIT_FOR_THE_END}`
    const spaces = ['--mount', '--pid', '--fork', '--kill-child', '--net', '--uts', '--ipc', ...(how.namespaces ?? [])]
    // Gone with this process, even when it is killed: a systemd would not notice that nobody reads its output.
    const [program = '', ...words] = [
      'setpriv',
      '--pdeathsig',
      'KILL',
      ...(how.enter ?? []),
      'unshare',
      ...spaces,
      'sh',
      '-c',
      script,
    ]
    const child = spawn(program, words, { stdio: ['pipe', 'pipe', 'inherit'] })
    const [ready] = await Promise.race([once(child.stdout, 'data'), once(child, 'exit').then(() => ['died'])])
    if (String(ready).trim() !== 'ready') throw new Error('the test host did not start; is this running as root?')
    const children = await readFile(`/proc/${child.pid}/task/${child.pid}/children`, 'utf8')
    const pid = Number(children.trim())
    await insideRoot(pid)
    return { child, pid }
  }

  async [Symbol.asyncDispose](): Promise<void> {
    if (this.#child.exitCode !== null) return
    this.#child.stdin?.end()
    await this.gone()
  }

  protected async gone(): Promise<void> {
    if (this.#child.exitCode === null && this.#child.signalCode === null) await once(this.#child, 'exit')
  }

  /** A new session; each counts its own channels. */
  session(shell: Shell = this.shell): TestSession {
    const program = shell === 'busybox' ? ['busybox', 'sh'] : [shell]
    return new TestSession(this.pid, [
      'nsenter',
      '-t',
      String(this.pid),
      '-m',
      '-p',
      '-n',
      '-u',
      '-i',
      '-r',
      '-w',
      'setsid',
      ...program,
    ])
  }

  /** Runs sh text as root and gives what it printed. @throws when it ends with another status than 0. */
  async sh(text: string): Promise<string> {
    const outcome = await this.session('dash').run(`mark out\n${text}`, { deadlineMs: 60_000 })
    if (outcome.kind !== 'exited' || outcome.code !== 0)
      throw new Error(`on the test host: ${text}\n${JSON.stringify(outcome)}`)
    return outcome.sections.find(({ mark }) => mark[0] === 'out')?.text ?? ''
  }

  /** Asks these probes, once. */
  async look(probes: readonly AnyProbe[], shell: Shell = this.shell): Promise<Answers> {
    const outcome = await this.session(shell).run(lookScript(probes), {
      deadlineMs: 60_000,
      capBytes: 16 * 1024 * 1024,
    })
    if (outcome.kind !== 'exited') throw new Error(`the look ended so: ${JSON.stringify(outcome)}`)
    return answersOf(readLook(outcome.sections))
  }

  /** What the engine would do, without doing it. */
  plan(resources: readonly Resource[]): Promise<HostRun> {
    return this.#engine(oneSection(resources), 'stop')
  }

  /** The real engine: look, decide, wave, prove. */
  up(resources: readonly Resource[]): Promise<HostRun> {
    return this.#engine(oneSection(resources), 'act')
  }

  /** The same for a whole play, in its own sections. */
  carryOut({ resources }: Compiled): Promise<HostRun> {
    return this.#engine(resources, 'act')
  }

  async #engine(resources: readonly CompiledResource[], gate: 'act' | 'stop'): Promise<HostRun> {
    const events: Event[] = []
    const runner = new HostRunner({
      run: RUN,
      compiled: { host: 'lab', resources },
      session: this.session(),
      gate: async () => gate,
      holder: { run: RUN, who: 'test', command: 'test', since: '2026-01-01T00:00:00Z' },
      report: (event) => events.push({ t: 0, ...event }),
      clock: () => performance.now(),
      signal: new AbortController().signal,
      collect: [],
      lookDeadlineMs: 60_000,
    })
    return runner.run()
  }

  /** Writes a file into the host without going through its shell. */
  async put(path: string, content: string | Uint8Array): Promise<void> {
    const outside = `/proc/${this.pid}/root${path}`
    await mkdir(dirname(outside), { recursive: true })
    await writeFile(outside, content, { mode: 0o600 })
  }

  /** Every name in every file system with type, mode, owner, size, inode, times and target: equal means untouched. */
  trace(): Promise<string> {
    return this.sh(
      `find / /run /tmp -xdev ! -path '/run/provision*' -printf '%p %y %m %U %G %s %i %T@ %C@ %l\\n' | LC_ALL=C sort`,
    )
  }

  /** What can be told of the host's content after any way of getting there: no inodes, no times, and no backups of passwd and group. */
  state(): Promise<string> {
    return this.sh(`find / /run /tmp -xdev ! -path '/run/provision*' ! -path '/var/lib/provision*' ! -path '/etc/*-' -printf '%p %y %m %U %G %l\\n' | LC_ALL=C sort
find / /run /tmp -xdev -type f -cnewer /.lab-born ! -path '/run/provision*' ! -path '/var/lib/provision*' ! -path '/etc/*-' -exec sha256sum {} + | LC_ALL=C sort`)
  }
}

function oneSection(resources: readonly Resource[]): readonly CompiledResource[] {
  return resources.map((resource) => ({ resource, section: 'Test', tag: 'test' }))
}

function bound([path, folder]: readonly [string, string]): string {
  const place = quote(`.${path}`)
  return `mkdir -p ${place} && mount --bind ${quote(folder)} ${place} && mount -o remount,bind,ro ${place}`
}

/** Waits until a process is inside the new root: a shell that followed it sooner would find itself in this machine's. */
async function insideRoot(pid: number): Promise<void> {
  const giveUpMs = performance.now() + 10_000
  while (!existsSync(`/proc/${pid}/root/.lab-born`)) {
    if (performance.now() > giveUpMs) throw new Error('the test host never entered its root')
    await setTimeout(5)
  }
}

/** Scripts through the host's shell; blobs go straight into the staging folders. */
class TestSession extends LocalSession {
  readonly #pid: number

  constructor(pid: number, shell: readonly string[]) {
    super('lab', shell)
    this.#pid = pid
  }

  override upload(run?: string, blobs: readonly Blob[] = []): Promise<Outcome> {
    return this.#stage(run ?? RUN, blobs)
  }

  async #stage(run: string, blobs: readonly Blob[]): Promise<Outcome> {
    for (const blob of blobs) {
      const path = `/proc/${this.#pid}/root${stagedPath(run, blob)}`
      await mkdir(dirname(path), { recursive: true, mode: 0o700 })
      await writeFile(path, blob.open(), { mode: 0o600 })
    }
    return { kind: 'exited', code: 0, sections: [], stderr: '' }
  }
}
