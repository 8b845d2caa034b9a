import type { Cache } from './cache.ts'
import type { ProcessId } from './local/process.ts'
import type { MachineNetwork } from './network/wire.ts'

export const DRIVERS = ['uml', 'qemu', 'container'] as const
export type Driver = (typeof DRIVERS)[number]

/** What somebody wants. Names are `[a-z][a-z0-9-]{0,30}`: they become host names. */
export interface MachineSpec {
  readonly name: string
  readonly driver: Driver
  readonly memoryMiB: number
  readonly diskGiB: number
  /** `uml` has one processor whatever is asked for. */
  readonly cpus: number
  /** Sizes of empty NVMe disks beside the first; `qemu` only. */
  readonly extraDisksGiB?: readonly number[]
  /** The one part that may change while the machine exists. Absent: MTU 1500 and nothing in the way. */
  readonly network?: MachineNetwork
}

/** A machine that was made. Plain data: it is kept as JSON in the state folder. */
export interface Machine {
  readonly name: string
  readonly driver: Driver
  readonly spec: MachineSpec
  /** Number in the lab from 1. */
  readonly index: number
  readonly address: string
  readonly port: number
  readonly user: 'root'
  /** May become root by `sudo` without a password; the same key opens it. */
  readonly sudoUser: 'ops'
  /** Private key made for this lab, mode 0600. */
  readonly identityFile: string
  /** `SHA256:…` of the ed25519 host key. We made that key, so it is known before the first contact. */
  readonly hostKey: string
  /** Argument list of a stream to the machine's sshd; absent where a plain TCP connection does. */
  readonly proxyCommand?: readonly string[]
  /** File with what the machine's console printed. */
  readonly consoleLog: string
  /** Folder of this machine's own files: disks, host key, console log. */
  readonly folder: string
  /** Absent until its first start, and for containers, which dockerd looks after. */
  readonly process?: ProcessId
  /** Name of the container, for those. */
  readonly container?: string
  /** False while the machine itself does not yet have the network its `spec` says; absent where that never changed. */
  readonly networkReady?: boolean
}

export type Possible = { readonly ok: true } | { readonly ok: false; readonly why: string; readonly fix?: string }

/** One way to have machines. Everything it needs to know of the lab comes in with `makeDriver`. */
export interface LabDriver {
  readonly driver: Driver
  /** Whether this kind can run here at all, without changing anything. */
  possible(): Promise<Possible>
  /** Builds what all machines of this kind share; quick when the cache has it. */
  prepare(): Promise<void>
  /** Makes the machine's own files. Does not start it. */
  create(spec: MachineSpec, place: Place): Promise<Machine>
  /** Switches it on; its sshd answers within `bootDeadlineMs` or something is wrong. */
  power(machine: Machine): Promise<Machine>
  readonly bootDeadlineMs: number
  /** What its console said so far. */
  console(machine: Machine): Promise<string>
  isRunning(machine: Machine): Promise<boolean>
  /** Takes the power away. Its disks stay. */
  stop(machine: Machine): Promise<void>
  /** Copies its disks into an existing folder, as after a power cut that came just after a `sync`. */
  save(machine: Machine, folder: string): Promise<void>
  /** Puts saved disks back into a machine that is off. */
  load(machine: Machine, folder: string): Promise<void>
  /** Removes what is not in the machine's folder. */
  remove(machine: Machine): Promise<void>
  /** Called when the lab's last machine is gone. Ends what the driver itself started, if nobody else uses it. */
  close(): Promise<void>
}

/** What a driver is told about the lab it works for. */
export interface DriverPlace {
  readonly cache: Cache
  /** Network namespace of the lab. */
  readonly namespace: string
}

/** What the lab gives a machine before it exists. */
export interface Place {
  /** Number in the lab from 1; decides address and hardware address. */
  readonly index: number
  readonly folder: string
  readonly identityFile: string
  /** Text of `authorized_keys`. */
  readonly authorizedKeys: string
  readonly hostKey: HostKey
  /** 32 hex digits. */
  readonly machineId: string
}

export interface HostKey {
  /** OpenSSH private key file. */
  readonly privateFile: string
  readonly publicFile: string
  readonly fingerprint: string
}
