import type { Report, TaskEvent } from '../core/events.ts'

/** The reporting side of one piece of work. */
export interface Task {
  /** The last line the work printed, or what it waits for. Passed on at most ten times a second. */
  line(text: string): void
  count(done: number, total: number, unit: 'bytes' | 'items'): void
}

const PROGRESS_EVERY_MS = 100

/** Runs `body` between a `start` and an `ok` or `failed` event. */
export async function task<T>(report: Report, id: string, title: string, body: (task: Task) => Promise<T>): Promise<T> {
  const began = performance.now()
  const emit = (state: TaskEvent['state'], more: Partial<TaskEvent> = {}) =>
    report({ type: 'task', id, title, state, ...more })
  const ms = () => Math.round(performance.now() - began)
  let last = Number.NEGATIVE_INFINITY
  const progress = (more: Partial<TaskEvent>) => {
    const now = performance.now()
    if (now - last < PROGRESS_EVERY_MS) return
    last = now
    emit('progress', more)
  }
  emit('start')
  try {
    const result = await body({
      line: (text) => progress({ line: text }),
      count: (done, total, unit) => progress({ done, total, unit }),
    })
    emit('ok', { ms: ms() })
    return result
  } catch (error) {
    emit('failed', { ms: ms(), line: error instanceof Error ? error.message : String(error) })
    throw error
  }
}
