import { setTimeout as sleep } from 'node:timers/promises'
import { UnreachableError } from '../core/errors.ts'
import type { Outcome, RunOptions } from '../core/host.ts'
import type { Link } from './link.ts'
import { run } from './run.ts'

/** Between two full, authenticated connects: bare port probes and faster ones make sshd penalise our address. */
const POLL_MS = 5000
/** The command itself; then the host is on its way down. */
const ASK_MS = 60_000
/** How long a host may take to cut us off before we look whether it went at all. */
const DOWN_MS = 120_000

/** In a session of its own and a moment later, so that the answer still gets out. */
const REBOOT = `for way in 'systemctl reboot' 'shutdown -r now' 'reboot'; do
  command -v "\${way%% *}" >/dev/null 2>&1 || continue
  mark REBOOTING "\${way%% *}"
  setsid sh -c "sleep 1; $way" </dev/null >/dev/null 2>&1 &
  exit 0
done
printf 'the host has no systemctl, shutdown or reboot\\n' >&2
exit 127`

/** Restarts the machine, and proves it by another boot id. See `Session.reboot`. */
export async function reboot(link: Link, options: Pick<RunOptions, 'deadlineMs' | 'signal'>): Promise<Outcome> {
  const startedMs = performance.now()
  const leftMs = (): number => options.deadlineMs - (performance.now() - startedMs)
  const signal = options.signal ?? new AbortController().signal
  const asked = await run(link, REBOOT, { deadlineMs: Math.min(ASK_MS, options.deadlineMs), signal })
  if (asked.kind === 'refused' || (asked.kind === 'exited' && asked.code !== 0)) return asked
  const before = link.bootId
  await Promise.race([
    link.connection.gone,
    sleep(Math.min(DOWN_MS, leftMs()), undefined, { signal, ref: false }).catch(() => undefined),
  ])
  let last = 'the host is still up'
  while (leftMs() > 0 && !signal.aborted) {
    last = (await bootedAnew(link, before, signal)) ?? ''
    if (last === '') return { kind: 'exited', code: 0, sections: [], stderr: '' }
    const pauseMs = Math.min(POLL_MS * (1 + Math.random() / 2), Math.max(1, leftMs()))
    await sleep(pauseMs, undefined, { signal }).catch(() => undefined)
  }
  if (signal.aborted) return { kind: 'lost', sent: true, reason: 'stopped by you', sections: [] }
  const section = { mark: ['REBOOTING'], text: last, droppedBytes: 0 }
  return { kind: 'deadline', sent: true, afterMs: options.deadlineMs, sections: [section] }
}

/** @returns nothing once the host runs with another boot id, otherwise what is in the way */
async function bootedAnew(link: Link, before: string | undefined, signal: AbortSignal): Promise<string | undefined> {
  try {
    await link.reconnect(signal)
    link.forgetBoot()
    const seen = await run(link, ':', { deadlineMs: ASK_MS, signal })
    if (seen.kind !== 'exited') return 'the host answers, but runs no script yet'
    return link.bootId === before ? 'the host is still up, with the same boot id' : undefined
  } catch (error) {
    if (error instanceof UnreachableError) return error.trouble.what
    if (signal.aborted) return 'stopped by you'
    throw error
  }
}
