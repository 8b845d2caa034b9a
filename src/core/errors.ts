/**
 * Exit codes of the command line. Documented in README; never renumbered within a major version.
 */
export const EXIT = {
  /** Done, or nothing to do. */
  ok: 0,
  /** A fault of provision itself. */
  bug: 1,
  /** Wrong usage or a wrong inventory: nothing was done. */
  input: 2,
  /** At least one host failed while it was being changed. */
  failed: 3,
  /** At least one host does not meet a requirement: it was not changed. Or the network of the cluster failed its proof. */
  unmet: 4,
  /** A host could not be reached, or did not prove who it is, or did not let us in. */
  unreachable: 5,
  /** Somebody else is changing the host. */
  locked: 6,
  /** The host is no longer what the plan saw. */
  moved: 7,
  /** `--detailed-exitcode`: the plan has changes. */
  changes: 10,
  /** Stopped by the user. */
  interrupted: 130,
} as const

export type ExitCode = (typeof EXIT)[keyof typeof EXIT]

export interface Trouble {
  /** One sentence: what went wrong, with the value in it. */
  readonly what: string
  /** `file:line:column`, host name, or path the trouble is about. */
  readonly where?: string
  /** What most likely caused it. */
  readonly why?: string
  /** The exact command or edit that goes on from here. */
  readonly fix?: string
}

/**
 * An error somebody outside can act on. One class for each next action; main.ts alone prints them.
 * Anything else that is thrown is a bug of ours (exit 1, with its stack).
 */
export class ProvisionError extends Error {
  readonly trouble: Trouble
  readonly exit: ExitCode
  constructor(exit: ExitCode, trouble: Trouble, options?: { cause?: unknown }) {
    super(trouble.what, options)
    this.name = new.target.name
    this.exit = exit
    this.trouble = trouble
  }
}

/** Mend the command line or the inventory. */
export class InputError extends ProvisionError {
  constructor(trouble: Trouble, options?: { cause?: unknown }) {
    super(EXIT.input, trouble, options)
  }
}

/** Mend the way to the host: address, key, credentials, sudo. */
export class UnreachableError extends ProvisionError {
  constructor(trouble: Trouble, options?: { cause?: unknown }) {
    super(EXIT.unreachable, trouble, options)
  }
}

/** Wait for, or talk to, the other operator. */
export class LockedError extends ProvisionError {
  constructor(trouble: Trouble, options?: { cause?: unknown }) {
    super(EXIT.locked, trouble, options)
  }
}

/** Mend the host, or this machine when `where` says so. */
export class FailedError extends ProvisionError {
  constructor(trouble: Trouble, options?: { cause?: unknown }) {
    super(EXIT.failed, trouble, options)
  }
}

/** Make a new plan and look at it. */
export class MovedError extends ProvisionError {
  constructor(trouble: Trouble, options?: { cause?: unknown }) {
    super(EXIT.moved, trouble, options)
  }
}
