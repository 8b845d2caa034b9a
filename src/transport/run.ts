import type { Outcome, RunOptions } from '../core/host.ts'
import type { Link } from './link.ts'
import { outcomeOf } from './outcome.ts'
import { dialogueStage, runBody, runStage } from './script.ts'
import { Sections } from './sections.ts'
import type { Talk } from './talk.ts'

/** For the talk that ends a script nobody waits for any more. */
const STOP_MS = 5000

/** Runs one script over one channel. See `Session.run`. */
export async function run(link: Link, script: string, options: RunOptions): Promise<Outcome> {
  const sections = new Sections(options)
  let talk: Talk | undefined
  talk = link.talk({
    ...(options.input === undefined
      ? { stage: runStage, body: (nonce: string) => runBody(script, nonce), endInput: true }
      : { stage: () => dialogueStage(script), endInput: false }),
    deadlineMs: options.deadlineMs,
    signal: options.signal,
    capBytes: options.capBytes,
    sink: {
      onBytes: (bytes) => sections.onBytes(bytes),
      onMark: (words) => {
        if (words[0] === 'INPUT' && talk !== undefined && options.input !== undefined) void feed(talk, options.input)
        else sections.onMark(words)
        if (words[0] === 'END') talk?.conclude()
      },
    },
  })
  const end = await talk.ended
  const abandoned = end.kind === 'deadline' || end.kind === 'aborted'
  if (abandoned && sections.code === undefined && talk.hello !== undefined) await stop(link, talk.hello.pid)
  return outcomeOf(end, talk, sections, options.deadlineMs)
}

/** A script may end before it has heard everything: then nobody is to be asked for more. */
async function feed(talk: Talk, input: AsyncIterable<string>): Promise<void> {
  let over = false
  const end = () => {
    over = true
  }
  talk.ended.then(end, end)
  for await (const text of input) {
    if (over) return
    await talk.write(Buffer.from(text))
  }
  talk.end()
}

/** Closing a channel ends nothing on the host: a probe that hangs would hang for ever. Best effort. */
async function stop(link: Link, pid: string): Promise<void> {
  if (link.isLost) return
  const talk = link.talk({
    stage: () => stopStage(pid),
    endInput: true,
    deadlineMs: STOP_MS,
    sink: { onMark: () => {}, onBytes: () => {} },
  })
  await talk.ended.catch(() => undefined)
}

/**
 * Until the processes are gone: a busy host takes its time even for SIGKILL. sshd makes each command the leader of a
 * process group; field 3 behind the name in `stat` is that group.
 */
function stopStage(pid: string): string {
  return `s=$(cat /proc/${pid}/stat 2>/dev/null) || exit 0
set -- \${s##*) }
i=0
while kill -KILL "-$3" 2>/dev/null && [ $i -lt 20 ]; do i=$((i + 1)); sleep 0.1 2>/dev/null || sleep 1; done
exit 0`
}
