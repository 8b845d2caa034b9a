/**
 * The one door to a machine. `transport` implements it; nothing else in the program can reach a host.
 */
export interface Session {
  /** Name in the inventory. */
  readonly host: string
  readonly peer: Peer
  /** What this session has cost so far; ends up in events and in the recap. */
  readonly counters: Readonly<Counters>
  /**
   * Runs one script over one channel, as root. Not supervised: a lost link means the result is `lost`. For looking, and
   * for nothing that changes the host.
   */
  run(script: string, options: RunOptions): Promise<Outcome>
  /**
   * Runs one script under the supervisor: in a session of its own on the host, its output in a journal. When the link is
   * cut we connect again and go on reading the journal; the script is never started twice.
   */
  supervise(job: Job, options: RunOptions): Promise<Outcome>
  /** Puts blobs the host does not have yet into the run's staging folders, each checked against its digest. */
  upload(run: string, blobs: readonly Blob[], options: UploadOptions): Promise<Outcome>
  /** Takes the host's lock until `close`, or throws LockedError that names holder and since when. */
  lock(holder: LockHolder): Promise<void>
  /**
   * Restarts the machine and comes back with another boot id. `exited` with status 0 means it did; the lock is gone then.
   */
  reboot(options: Pick<RunOptions, 'deadlineMs' | 'signal'>): Promise<Outcome>
  /** Releases the lock and disconnects. Never throws. */
  close(): Promise<void>
}

/** Opens a session, or throws UnreachableError with the fix in it. */
export type Connect = (host: string, signal: AbortSignal) => Promise<Session>

export interface Peer {
  readonly address: string
  readonly port: number
  readonly user: string
  /** `SHA256:…` of the host key that was verified. */
  readonly hostKey: string
  /** How scripts become root. */
  readonly become: 'root' | 'sudo' | 'sudo with password'
}

export interface Counters {
  channels: number
  roundTrips: number
  bytesSent: number
  bytesReceived: number
  reconnects: number
}

export interface Job {
  /** Run id: names the staging and journal folders, `[a-z0-9-]{1,64}`. */
  readonly run: string
  /** Unique within the run, `[a-z0-9-]{1,64}`. */
  readonly name: string
  readonly script: string
}

export interface RunOptions {
  /** Total time the script may take. */
  readonly deadlineMs: number
  /** Bytes kept for each section: first half and last half when there is more. Default 1 MiB. */
  readonly capBytes?: number
  readonly signal?: AbortSignal
  /** Text for the script's stdin, sent as it comes; stdin ends with it, or with the link. Without it stdin is empty. For `run` only. */
  readonly input?: AsyncIterable<string>
  /** Called as soon as a marker arrives. */
  readonly onMark?: (mark: readonly string[]) => void
  /** Called with decoded text that arrived since the last call, under the marker that is open. */
  readonly onText?: (mark: readonly string[], text: string) => void
}

export interface UploadOptions {
  readonly deadlineMs: number
  readonly signal?: AbortSignal
  readonly onProgress?: (sentBytes: number, totalBytes: number) => void
}

/** The text between one marker and the next. */
export interface Section {
  /** Words of the marker, e.g. `['fact', 'file', '0']`. */
  readonly mark: readonly string[]
  readonly text: string
  /** Bytes left out of the middle because of the cap. */
  readonly droppedBytes: number
}

/**
 * How a script ended. Only `exited` has a result one may rely on, and only because its trailer was seen.
 * - `refused`: the host opened no channel; nothing was sent.
 * - `lost`: the link broke. `sent` tells whether the script may have run.
 * - `deadline`: it took longer than it was given; `sent` as above.
 */
export type Outcome =
  | { readonly kind: 'exited'; readonly code: number; readonly sections: readonly Section[]; readonly stderr: string }
  | {
      readonly kind: 'signalled'
      readonly signal: string
      readonly sections: readonly Section[]
      readonly stderr: string
    }
  | { readonly kind: 'refused'; readonly reason: string }
  | { readonly kind: 'lost'; readonly sent: boolean; readonly reason: string; readonly sections: readonly Section[] }
  | {
      readonly kind: 'deadline'
      readonly sent: boolean
      readonly afterMs: number
      readonly sections: readonly Section[]
    }

/** Bytes that go to a host, known by their digest. */
export interface Blob {
  /** Lower-case hex. */
  readonly sha256: string
  readonly size: number
  /** Secret blobs are staged in memory (`/run`) only. */
  readonly secret: boolean
  /** What it is, for progress and errors. */
  readonly name: string
  open(): AsyncIterable<Uint8Array>
}

export interface LockHolder {
  readonly run: string
  /** `user@machine` of the operator. */
  readonly who: string
  readonly command: string
  /** ISO 8601, operator's clock. */
  readonly since: string
}

/** Folder on the host where a run's blobs wait. Small and secret ones in memory, the rest on disk. */
export const STAGE = {
  memory: (run: string) => `/run/provision/${run}/blobs`,
  disk: '/var/lib/provision/blobs',
  /** Blobs up to this size are staged in memory. */
  memoryLimitBytes: 1024 * 1024,
} as const

export function stagedPath(run: string, blob: Pick<Blob, 'sha256' | 'size' | 'secret'>): string {
  const inMemory = blob.secret || blob.size <= STAGE.memoryLimitBytes
  return `${inMemory ? STAGE.memory(run) : STAGE.disk}/${blob.sha256}`
}
