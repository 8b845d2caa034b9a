import { homedir } from 'node:os'
import { join } from 'node:path'
import type { Connect } from '../../src/core/host.ts'
import { type HostRun, HostRunner } from '../../src/core/host-run.ts'
import type { Resource } from '../../src/core/resource.ts'
import { type Lab, openLab } from '../../src/lab/lab.ts'
import type { MachineSpec } from '../../src/lab/machine.ts'
import { connector } from '../../src/transport/connect.ts'

/** A machine with a kernel of its own, made by `provision lab`, and the real engine over real ssh to it. */
export class LabMachine implements AsyncDisposable {
  readonly #lab: Lab
  readonly #connect: Connect
  #runs = 0

  private constructor(lab: Lab, connect: Connect) {
    this.#lab = lab
    this.#connect = connect
  }

  /** Names are `[a-z][a-z0-9-]*` and must differ between test files. Seconds when the lab's cache is warm. */
  static async start(name: string, spec: Partial<MachineSpec> = {}): Promise<LabMachine> {
    const lab = openLab({
      stateDir: join(homedir(), '.local/state/provision/test-lab'),
      cacheDir: join(process.env.XDG_CACHE_HOME ?? join(homedir(), '.cache'), 'provision'),
      name,
      report: () => {},
    })
    await lab.down()
    const [machine] = await lab.up([{ name: 'node1', driver: 'uml', memoryMiB: 1024, diskGiB: 20, cpus: 1, ...spec }])
    if (!machine) throw new Error('the lab made no machine')
    const { address, port, user, identityFile, hostKey, proxyCommand } = machine
    const connect = connector(() => ({
      name: 'node1',
      address,
      port,
      user,
      identityFiles: [identityFile],
      hostKeys: [hostKey],
      hostKeyPolicy: 'strict',
      knownHostsFiles: [],
      become: { method: 'auto' },
      ...(proxyCommand ? { proxyCommand } : {}),
    }))
    return new LabMachine(lab, connect)
  }

  async [Symbol.asyncDispose](): Promise<void> {
    await this.#lab.down()
  }

  /** Runs sh text as root and gives what it printed. @throws when it ends with another status than 0. */
  async sh(text: string): Promise<string> {
    const session = await this.#connect('node1', new AbortController().signal)
    try {
      const outcome = await session.run(`mark out\n${text}`, { deadlineMs: 120_000 })
      if (outcome.kind !== 'exited' || outcome.code !== 0)
        throw new Error(`${text}\n${JSON.stringify(outcome).slice(-2000)}`)
      return outcome.sections.find(({ mark }) => mark[0] === 'out')?.text ?? ''
    } finally {
      await session.close()
    }
  }

  plan(resources: readonly Resource[]): Promise<HostRun> {
    return this.#engine(resources, 'stop')
  }

  up(resources: readonly Resource[]): Promise<HostRun> {
    return this.#engine(resources, 'act')
  }

  async #engine(resources: readonly Resource[], gate: 'act' | 'stop'): Promise<HostRun> {
    const signal = new AbortController().signal
    const session = await this.#connect('node1', signal)
    const run = `test-${++this.#runs}`
    const runner = new HostRunner({
      run,
      compiled: { host: 'node1', resources: resources.map((resource) => ({ resource, section: 'Test', tag: 'test' })) },
      session,
      gate: async () => gate,
      holder: { run, who: 'test', command: 'test', since: '2026-01-01T00:00:00Z' },
      report: () => {},
      clock: () => performance.now(),
      signal,
      collect: [],
      lookDeadlineMs: 120_000,
    })
    try {
      return await runner.run()
    } finally {
      await session.close()
    }
  }

  /** Configuration with inodes and times, kernel settings, modules, swap, units: equal means untouched. */
  trace(): Promise<string> {
    return this.sh(`find /etc /usr/local /opt /boot /root /home -xdev -printf '%p %y %m %U %G %s %i %T@ %C@ %l\\n' | LC_ALL=C sort
cut -d' ' -f1 /proc/modules | sort
cat /proc/swaps
sysctl -a 2>/dev/null | grep -v -E '^(fs.(dentry|inode|file-nr|aio-nr|quota)|kernel.(random|ns_last_pid|pty.nr)|net.netfilter.nf_conntrack_count|vm.stat|kernel.perf)'
systemctl show -p Id,ActiveState,NRestarts,InvocationID '*.service' '*.swap'
systemctl show -p DefaultLimitNOFILE -p DefaultLimitNOFILESoft
ls -A /tmp /var/lib/provision 2>&1 || :`)
  }
}
