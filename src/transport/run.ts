import type { Outcome, RunOptions } from '../core/host.ts'
import type { Link } from './link.ts'
import { outcomeOf } from './outcome.ts'
import { runBody, runStage } from './script.ts'
import { Sections } from './sections.ts'
import type { Talk } from './talk.ts'

/** Runs one script over one channel. See `Session.run`. */
export async function run(link: Link, script: string, options: RunOptions): Promise<Outcome> {
  const sections = new Sections(options)
  let talk: Talk | undefined
  talk = link.talk({
    stage: runStage,
    body: (nonce) => runBody(script, nonce),
    endInput: true,
    deadlineMs: options.deadlineMs,
    signal: options.signal,
    capBytes: options.capBytes,
    sink: {
      onBytes: (bytes) => sections.onBytes(bytes),
      onMark: (words) => {
        sections.onMark(words)
        if (words[0] === 'END') talk?.conclude()
      },
    },
  })
  const end = await talk.ended
  return outcomeOf(end, talk, sections, options.deadlineMs)
}
