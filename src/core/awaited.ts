import type { Selection } from './select.ts'
import type { Value } from './value.ts'

/** Values that postponed resources wait for, and nobody knows yet. */
export function awaited(postponed: Selection['postponed']): readonly Value<unknown>[] {
  return postponed.flatMap(({ item: { resource }, after }) =>
    [resource.value ?? [], resource.until ?? []].flat().filter(({ label, known }) => !known && after.includes(label)),
  )
}

/** Returns as soon as one of them is known, or will never be; or nobody wants to wait any longer. */
export async function firstKnown(values: readonly Value<unknown>[], signal: AbortSignal): Promise<void> {
  const stop = Promise.withResolvers<void>()
  const onAbort = () => stop.resolve()
  signal.addEventListener('abort', onAbort, { once: true })
  await Promise.race([stop.promise, ...values.map(({ promise }) => promise.then(onAbort, onAbort))])
  signal.removeEventListener('abort', onAbort)
}
