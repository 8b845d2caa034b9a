import { spawn } from 'node:child_process'
import { once } from 'node:events'
import { mkdir, open } from 'node:fs/promises'
import { dirname } from 'node:path'
import { LockedError } from '../../core/errors.ts'

export interface LockOptions {
  readonly waitMs: number
  /** Called once when somebody else has the lock. */
  readonly onWait?: () => void
}

/**
 * Runs `body` while holding flock(2) on a file. flock(1) takes the lock on our own open file, so the kernel frees it when
 * this program ends, however it ends.
 * @throws LockedError when it is not free within `waitMs`.
 */
export async function withFileLock<T>(path: string, options: LockOptions, body: () => Promise<T>): Promise<T> {
  await mkdir(dirname(path), { recursive: true })
  const file = await open(path, 'a', 0o600)
  try {
    if (!(await take(file.fd, 0))) {
      options.onWait?.()
      if (!(await take(file.fd, options.waitMs))) throw held(path, options.waitMs)
    }
    return await body()
  } finally {
    await file.close()
  }
}

async function take(fd: number, waitMs: number): Promise<boolean> {
  const wait = String(Math.max(0, waitMs / 1000))
  const child = spawn('flock', ['--exclusive', '--wait', wait, '3'], { stdio: ['ignore', 'ignore', 'ignore', fd] })
  const [code] = await once(child, 'close')
  return code === 0
}

function held(path: string, waitMs: number): LockedError {
  return new LockedError({
    what: `another run has held ${path} for more than ${Math.round(waitMs / 1000)} s`,
    where: 'this machine',
    why: 'the same lab or the same part of its cache is being made by somebody else',
    fix: `wait for it, or find it with: fuser -v ${path}`,
  })
}
