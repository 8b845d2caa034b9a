import type { Change } from './change.ts'
import type { Trouble } from './errors.ts'
import type { Failure } from './events.ts'
import type { Outcome } from './host.ts'
import type { Key } from './resource.ts'
import type { ItemEnd, WaveItem } from './wave.ts'

/** Lines of a failed step's output that are kept for its card. */
const LAST_LINES = 20

/** Says what became of a script that did not end as it should. */
export function describeOutcome(outcome: Outcome, doing: string): Trouble {
  switch (outcome.kind) {
    case 'exited':
      return {
        what: `${doing}: the script ended with status ${outcome.code}`,
        why: outcome.stderr.trim().slice(-2000) || 'it gave no reason',
      }
    case 'signalled':
      return {
        what: `${doing}: the script was ended by ${outcome.signal}`,
        why: 'somebody, or the kernel for want of memory, ended it',
        fix: 'look at `dmesg` on the host, then run the same command again',
      }
    case 'refused':
      return {
        what: `${doing}: the host opened no session (${outcome.reason})`,
        why: 'sshd allows fewer sessions than are open (MaxSessions)',
        fix: 'close other sessions on the host, then run the same command again',
      }
    case 'lost':
      return {
        what: `${doing}: the connection was lost (${outcome.reason})`,
        why: outcome.sent
          ? 'what was running on the host may have ended, or may still be running: its result is unknown'
          : 'nothing had been sent yet',
        fix: 'run the same command again: it looks at the host as it is now and goes on from there',
      }
    case 'deadline':
      return {
        what: `${doing}: not done after ${Math.round(outcome.afterMs / 1000)} s`,
        why: 'the host is slower than any host should be, or the step hangs',
        fix: 'look at the last lines below; run the same command again to go on',
      }
  }
}

/** The card of a resource whose part in a wave did not end well. */
export function failureOf(
  host: string,
  item: WaveItem,
  end: Exclude<ItemEnd, { end: 'ok' | 'skipped' | 'unstarted' }>,
): Failure {
  const { resource, section } = item
  const base = { host, key: resource.key, title: resource.title, section }
  if (end.end === 'moved') {
    return {
      ...base,
      trouble: {
        what: `${resource.key} is no longer what the plan saw, so it was left alone`,
        why: 'somebody else, or an earlier step of this run, changed it after it was looked at',
        fix: 'run the same command again: the new plan starts from what is there now',
      },
    }
  }
  const step = item.steps[end.step]
  const title = step?.title ?? `step ${end.step + 1}`
  const lines = lastLines(end.output)
  if (end.end === 'open') {
    return {
      ...base,
      lines,
      trouble: {
        what: `${title}: no result came back`,
        why: 'the connection or the host went away while it ran',
        fix: 'run the same command again',
      },
    }
  }
  return {
    ...base,
    lines,
    code: end.code,
    trouble: { what: `${title}: ended with status ${end.code}`, ...likelyCause(end.output) },
  }
}

/** A saved plan allows what it shows, and nothing else. */
export function departed(key: string, what: string): Trouble {
  return {
    what: `${key} ${what}: it was left alone`,
    why: 'what came before it made other steps necessary than the plan foresaw, and a saved plan is carried out exactly',
    fix: 'make a new plan with `up --dry-run --out FILE` and look at it: it starts from what is there now',
  }
}

/** Shown when a resource type breaks its promise: its steps ran, and a new look still finds a difference. */
export function notConverged(key: Key, changes: readonly Change[]): Trouble {
  const rest = changes.map((change) => `${change.what || key}: ${change.from}, not ${change.to}`).join('; ')
  return {
    what: `${key} did not converge: ${rest}`,
    why: 'its steps succeeded, and still the host does not look as planned: something else on the host may be writing to it',
    fix: 'run `provision up` again with `--json` and look at what writes to it; if it stays so, this is a bug of provision',
  }
}

export function troubleOf(key: string, reason: string): Trouble {
  return { what: `${key} could not be looked at: ${reason}` }
}

function lastLines(output: string): readonly string[] {
  return output.trimEnd().split('\n').slice(-LAST_LINES)
}

/** Causes that many programs report in the same words. */
const CAUSES: readonly { readonly pattern: RegExp; readonly why: string; readonly fix: string }[] = [
  {
    pattern: /No space left on device/i,
    why: 'a file system of the host is full',
    fix: 'free some space (`df -h`, `df -i`), then run the same command again',
  },
  {
    pattern: /Read-only file system/i,
    why: 'a file system of the host is mounted read-only',
    fix: 'look at `dmesg` for disk errors and remount it, then run the same command again',
  },
  {
    pattern: /Could not get lock|is locked by another process/i,
    why: 'another package manager is running on the host',
    fix: 'wait until it is done, then run the same command again',
  },
  {
    pattern: /Temporary failure (in name )?resol/i,
    why: 'the host cannot resolve names',
    fix: 'mend /etc/resolv.conf on the host, then run the same command again',
  },
  {
    pattern: /Permission denied|Operation not permitted/i,
    why: 'the host forbids it even to root: an immutable flag, a security module, or a container without the right',
    fix: "look at `lsattr`, `dmesg` and the host's security module",
  },
]

function likelyCause(output: string): { why?: string; fix: string } {
  const cause = CAUSES.find(({ pattern }) => pattern.test(output))
  return cause
    ? { why: cause.why, fix: cause.fix }
    : { fix: 'mend what the last lines say, then run the same command again' }
}
