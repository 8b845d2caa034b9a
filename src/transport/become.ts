import { type Trouble, UnreachableError } from '../core/errors.ts'
import type { Peer } from '../core/host.ts'
import { type BecomePlan, sudoPrompt } from './script.ts'
import { describe, type SshTarget } from './target.ts'

/** How the scripts of one session become root; found out by the first of them. */
export class Becoming {
  readonly #target: SshTarget
  #settled: Peer['become'] | undefined
  #password: Promise<string> | undefined

  constructor(target: SshTarget) {
    this.#target = target
  }

  /** Before the first script this is what the settings suggest. */
  get method(): Peer['become'] {
    return this.#settled ?? (this.#target.user === 'root' ? 'root' : 'sudo')
  }

  plan(): BecomePlan {
    if (this.#settled !== undefined) return { kind: this.#settled }
    const { become, user } = this.#target
    if (become.method === 'none') return { kind: 'root' }
    return {
      kind: 'probe',
      sudoOnly: become.method === 'sudo' && user !== 'root',
      password: become.password !== undefined,
    }
  }

  /**
   * Whether the script must not be sent before the hello: when sudo may ask for a password, a wrong one would make it
   * read the script's lines as further guesses, and lock the account.
   */
  waits(plan: BecomePlan): boolean {
    return (
      plan.kind === 'sudo with password' || (plan.kind === 'probe' && plan.password && this.#target.user !== 'root')
    )
  }

  /** Asked once for each session. */
  password(): Promise<string> {
    this.#password ??= this.#target.become.password?.() ?? Promise.reject(new Error('no sudo password is configured'))
    return this.#password
  }

  /** @throws UnreachableError when we are not root after all. */
  settle(uid: string, how: string): void {
    if (uid !== '0') {
      const fix = "log in as root, or remove `become: none` from the host's settings so that sudo is used"
      throw this.#error({
        what: `scripts would run with uid ${uid} instead of as root`,
        why: `${this.#target.user} is not root there`,
        fix,
      })
    }
    this.#settled = how === 'password' ? 'sudo with password' : how === 'sudo' ? 'sudo' : 'root'
  }

  /** Why no root shell said hello. */
  refusal(evidence: BecomeEvidence): UnreachableError {
    return this.#error(explain(this.#target, evidence))
  }

  /** What the first script found missing. */
  lacks(tools: readonly string[]): UnreachableError {
    return this.#error({
      what: `the host lacks ${tools.join(', ')}`,
      why: 'provision needs a POSIX sh, coreutils, tar and util-linux (flock, setsid) on the host, and nothing else',
      fix: 'install them: apt-get install coreutils util-linux tar, or dnf install coreutils util-linux tar',
    })
  }

  #error(trouble: Trouble): UnreachableError {
    return new UnreachableError({
      ...trouble,
      what: `${describe(this.#target)}: ${trouble.what}`,
      where: this.#target.name,
    })
  }
}

export interface BecomeEvidence {
  readonly nonce: string
  readonly stderr: string
  /** What the login shell wrote before it ended. */
  readonly noise: string
  readonly code: number | undefined
  /** `SUDO` was seen: sudo was tried, or found missing. */
  readonly sudo: 'missing' | 'refused' | undefined
  readonly passwordSent: boolean
}

/** Times sudo asked for the password. sudo-rs dresses the prompt up, so only the nonce in it is looked for. */
export const promptsIn = (stderr: string, nonce: string): number => stderr.split(nonce).length - 1

/** stderr without what login shell and sudo said before the hello. */
export function stderrAfterHello(stderr: string, nonce: string): string {
  const marker = `\n${nonce}\n`
  const at = stderr.indexOf(marker)
  return at < 0 ? stderr.replaceAll(sudoPrompt(nonce), '') : stderr.slice(at + marker.length)
}

interface Saying {
  readonly pattern: RegExp
  readonly trouble: (user: string) => Trouble
}

const WANTS_TERMINAL: Saying = {
  pattern: /must have a tty/i,
  trouble: (user) => ({
    what: 'sudo wants a terminal',
    why: 'its rules contain `Defaults requiretty`, which no automation can satisfy',
    fix: `add a line \`Defaults:${user} !requiretty\` with: sudo visudo -f /etc/sudoers.d/provision`,
  }),
}

const NO_RULE: Saying = {
  pattern: /not in the sudoers|not allowed to (execute|run)|may not run sudo|is not allowed|afraid I can't do that/i,
  trouble: (user) => ({
    what: `${user} may not run scripts as root with sudo`,
    why: 'no sudo rule allows it, or the rules allow single commands only',
    fix: `add a line \`${user} ALL=(ALL:ALL) ALL\` with: sudo visudo -f /etc/sudoers.d/provision`,
  }),
}

const WRONG_PASSWORD: Saying = {
  pattern: /incorrect (password|authentication)|try again|no password was provided|authentication fail/i,
  trouble: (user) => ({
    what: `sudo does not accept the password of ${user}`,
    why: 'the configured sudo password is wrong. It was tried once only, so that no account is locked',
    fix: "correct the become password in the inventory's secrets",
  }),
}

const NO_PASSWORD: Saying = {
  pattern: /password is required|authentication is required|terminal is required/i,
  trouble: (user) => ({
    what: `sudo asks for the password of ${user}, and none is configured`,
    why: 'no rule with NOPASSWD applies',
    fix:
      `name a sudo password for the host in the inventory, or add \`${user} ALL=(ALL:ALL) NOPASSWD: ALL\` ` +
      'with: sudo visudo -f /etc/sudoers.d/provision',
  }),
}

/** sudo says everything on stderr (LC_ALL=C). Order matters: `sudo -n` has complained of a missing password before. */
function sudoSaid({ stderr, nonce }: BecomeEvidence): Saying | undefined {
  const said = [WANTS_TERMINAL, NO_RULE, WRONG_PASSWORD, NO_PASSWORD].find(({ pattern }) => pattern.test(stderr))
  const askedAgain = promptsIn(stderr, nonce) > 1
  return askedAgain && said !== WANTS_TERMINAL && said !== NO_RULE ? WRONG_PASSWORD : said
}

function explain(target: SshTarget, evidence: BecomeEvidence): Trouble {
  const { user } = target
  if (evidence.sudo === 'missing') {
    return {
      what: `${user} is not root, and the host has no sudo`,
      why: 'scripts must run as root',
      fix: 'log in as root, or install sudo on the host',
    }
  }
  const said = sudoSaid(evidence)
  if (said !== undefined) return said.trouble(user)
  const last = `${evidence.noise}\n${stderrAfterHello(evidence.stderr, evidence.nonce)}`
    .trim()
    .split('\n')
    .slice(-5)
    .join('\n')
  const why =
    last === '' ? `it ended with exit code ${evidence.code ?? 'unknown'} and said nothing` : `it said: ${last}`
  if (evidence.sudo === 'refused' || evidence.passwordSent) {
    return { what: 'sudo did not give us a root shell', why, fix: `try on the host: sudo -k; sudo sh -c id` }
  }
  return {
    what: 'the login shell did not start a POSIX shell',
    why,
    fix:
      `give ${user} a login shell such as /bin/sh, without a forced command, ` +
      `and make sure that \`ssh ${target.address} sh -c id\` works`,
  }
}
