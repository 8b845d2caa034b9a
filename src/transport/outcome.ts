import type { Outcome } from '../core/host.ts'
import type { Sections } from './sections.ts'
import type { Talk, TalkEnd } from './talk.ts'

/**
 * What a script's end means. The trailer alone makes a result, and it makes one whatever happened to the link
 * afterwards.
 */
export function outcomeOf(
  end: TalkEnd,
  talk: Pick<Talk, 'sent' | 'stderr'>,
  sections: Sections,
  deadlineMs: number,
): Outcome {
  const { sent, stderr } = talk
  const { code } = sections
  const collected = sections.finish()
  if (code !== undefined) return { kind: 'exited', code, sections: collected, stderr }
  switch (end.kind) {
    case 'refused':
      return { kind: 'refused', reason: end.reason }
    case 'deadline':
      return { kind: 'deadline', sent, afterMs: deadlineMs, sections: collected }
    case 'aborted':
      return { kind: 'lost', sent, reason: 'stopped by you', sections: collected }
    case 'lost':
      return { kind: 'lost', sent, reason: end.reason, sections: collected }
    case 'concluded':
      return { kind: 'lost', sent, reason: 'the script ended without its trailer', sections: collected }
    case 'closed': {
      const signal = end.signal ?? signalOf(end.code)
      if (signal !== undefined) return { kind: 'signalled', signal, sections: collected, stderr }
      const last = stderr.trim().split('\n').at(-1) ?? ''
      const said = last === '' ? '' : `: ${last}`
      return {
        kind: 'lost',
        sent,
        reason: `the shell ended with code ${end.code} and without its trailer${said}`,
        sections: collected,
      }
    }
  }
}

const SIGNALS: Readonly<Record<number, string>> = {
  1: 'SIGHUP',
  2: 'SIGINT',
  3: 'SIGQUIT',
  6: 'SIGABRT',
  9: 'SIGKILL',
  11: 'SIGSEGV',
  13: 'SIGPIPE',
  15: 'SIGTERM',
}

/** sudo reports a shell that was killed by signal n as exit code 128 + n. */
function signalOf(code: number | undefined): string | undefined {
  return code === undefined || code <= 128 ? undefined : SIGNALS[code - 128]
}
