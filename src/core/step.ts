import type { Blob } from './host.ts'

/** One action on the host. Data: the same want and have give the same bytes. */
export interface Step {
  /** Imperative, short: `write /etc/hosts`. */
  readonly title: string
  /**
   * POSIX sh, run as root in a subshell with `umask 077` and no stdin; status 0 means done. `blob SHA256` prints the path
   * of a staged blob. A step may be run again after a crash, so it must be able to start from half of its own work.
   */
  readonly body: string
  readonly blobs?: readonly Blob[]
  /** Texts in `body` that this run measured: the next one will measure others, and it is the same step all the same. */
  readonly measured?: readonly string[]
  /** Longest time it may take. Default 60 s. */
  readonly timeoutMs?: number
  /** Restarts the machine. The engine runs it alone and waits for another boot id. */
  readonly reboots?: boolean
}
