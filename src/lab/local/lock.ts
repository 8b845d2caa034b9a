import { spawn } from 'node:child_process'
import { once } from 'node:events'
import { mkdir } from 'node:fs/promises'
import { dirname } from 'node:path'
import { LockedError } from '../../core/errors.ts'

export interface LockOptions {
  readonly waitMs: number
  /** Called once when somebody else has the lock. */
  readonly onWait?: () => void
}

/**
 * Runs `body` while holding flock(1) on a file. The lock belongs to a child that ends when its standard input does, so
 * the kernel frees it even when this program is killed.
 * @throws LockedError when it is not free within `waitMs`.
 */
export async function withFileLock<T>(path: string, options: LockOptions, body: () => Promise<T>): Promise<T> {
  await mkdir(dirname(path), { recursive: true })
  let free = await hold(path, 0)
  if (free === undefined) {
    options.onWait?.()
    free = await hold(path, options.waitMs)
  }
  if (free === undefined) {
    throw new LockedError({
      what: `another run has held ${path} for more than ${Math.round(options.waitMs / 1000)} s`,
      where: 'this machine',
      why: 'the same lab or the same part of its cache is being made by somebody else',
      fix: `wait for it, or find it with: fuser -v ${path}`,
    })
  }
  try {
    return await body()
  } finally {
    await free()
  }
}

async function hold(path: string, waitMs: number): Promise<(() => Promise<void>) | undefined> {
  const wait = String(Math.max(0, waitMs / 1000))
  const child = spawn('flock', ['--exclusive', '--wait', wait, path, 'sh', '-c', 'printf held; exec cat >/dev/null'], {
    stdio: ['pipe', 'pipe', 'ignore'],
    detached: true, // Ctrl-C in the terminal must not free the lock before we are done
  })
  const closed = once(child, 'close')
  const held = once(child.stdout, 'data').then(() => true)
  if (!(await Promise.race([held, closed.then(() => false)]))) return undefined
  return async () => {
    child.stdin.end()
    await closed
  }
}
