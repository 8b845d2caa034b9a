import { describe, expect, it } from 'vitest'
import { type BecomeEvidence, Becoming, promptsIn, stderrAfterHello } from '../../src/transport/become.ts'
import { bootstrapLine, EXEC, sudoPrompt } from '../../src/transport/script.ts'
import type { SshTarget } from '../../src/transport/target.ts'

const NONCE = '0123456789abcdef0123456789abcdef'
const target: SshTarget = {
  name: 'web1',
  address: '10.0.0.1',
  port: 22,
  user: 'ann',
  identityFiles: [],
  hostKeyPolicy: 'strict',
  knownHostsFiles: [],
  become: { method: 'auto', password: async () => 'x' },
}
const PROMPT = sudoPrompt(NONCE)

function refusal(evidence: Partial<BecomeEvidence>) {
  const { trouble } = new Becoming(target).refusal({
    nonce: NONCE,
    stderr: '',
    noise: '',
    code: 1,
    sudo: 'refused',
    passwordSent: true,
    ...evidence,
  })
  expect(trouble.where).toBe('web1')
  expect(trouble.what).toContain('web1 (ann@10.0.0.1:22)')
  expect(trouble.fix).toBeTruthy()
  return trouble
}

/** What sudo 1.9 and sudo-rs print with LC_ALL=C. */
const SAYINGS: readonly (readonly [string, string, RegExp])[] = [
  ['no tty', 'sudo: sorry, you must have a tty to run sudo\n', /wants a terminal/],
  ['not in sudoers', `${PROMPT}ann is not in the sudoers file.\n`, /ann may not run scripts as root/],
  [
    'not in sudoers, older',
    `${PROMPT}ann is not in the sudoers file.  This incident will be reported.\n`,
    /may not run/,
  ],
  [
    'single commands',
    `${PROMPT}Sorry, user ann is not allowed to execute '/bin/sh -c x' as root on web1.\n`,
    /may not run/,
  ],
  ['sudo-rs, not in sudoers', "sudo-rs: I'm sorry ann. I'm afraid I can't do that\n", /may not run/],
  [
    'wrong password',
    `${PROMPT}Sorry, try again.\n${PROMPT}\nsudo: 1 incorrect password attempt\n`,
    /does not accept the password/,
  ],
  ['wrong password, asked again', `${PROMPT}${PROMPT}`, /does not accept the password/],
  [
    'sudo-rs, wrong password',
    `[sudo: ${PROMPT}] Password: \nsudo-rs: Authentication failed, try again.\n`,
    /does not accept/,
  ],
  ['password needed', 'sudo: a password is required\n', /asks for the password of ann, and none is configured/],
  ['sudo-rs, password needed', 'sudo-rs: interactive authentication is required\n', /none is configured/],
  [
    'something else',
    `${PROMPT}sudo: account validation failure, is your account locked?\n`,
    /did not give us a root shell/,
  ],
]

describe('what sudo says', () => {
  it.each(SAYINGS)('%s', (_name, stderr, what) => {
    expect(refusal({ stderr }).what).toMatch(what)
  })

  it('is shown when nobody knows it, without our own prompt', () => {
    const { why } = refusal({ stderr: `${PROMPT}sudo: account validation failure, is your account locked?\n` })
    expect(why).toContain('is your account locked?')
    expect(why).not.toContain(NONCE)
  })

  it('is told apart from a login shell that starts no sh', () => {
    const trouble = refusal({ sudo: undefined, passwordSent: false, noise: 'Welcome to switch OS\n', code: 127 })
    expect(trouble.what).toMatch(/did not start a POSIX shell/)
    expect(trouble.why).toBe('it said: Welcome to switch OS')
  })

  it('is counted by its prompts, and cut off before the hello', () => {
    expect(promptsIn(`a${PROMPT}b[sudo: ${PROMPT}]`, NONCE)).toBe(2)
    expect(stderrAfterHello(`noise${PROMPT}\n${NONCE}\nreal\n`, NONCE)).toBe('real\n')
    expect(stderrAfterHello('real\n', NONCE)).toBe('real\n')
  })
})

describe('the first line', () => {
  it('is one line without a secret, and what sshd starts is always the same', () => {
    const plans = [
      { kind: 'root' },
      { kind: 'sudo' },
      { kind: 'sudo with password' },
      { kind: 'probe', sudoOnly: true, password: true },
      { kind: 'probe', sudoOnly: false, password: false },
    ] as const
    for (const plan of plans) expect(bootstrapLine(plan, NONCE)).not.toContain('\n')
    expect(EXEC).toBe(`exec sh -c 'IFS= read -r l; eval "$l"'`)
    // csh and fish read it too: no `!`, no backslash, and short.
    expect(EXEC).not.toMatch(/[!\\]/)
  })

  it('never lets sudo read the script: it waits where a password may be asked for', () => {
    const becoming = new Becoming(target)
    expect(becoming.waits(becoming.plan())).toBe(true)
    const without = new Becoming({ ...target, become: { method: 'auto' } })
    expect(without.waits(without.plan())).toBe(false)
    expect(bootstrapLine(without.plan(), NONCE)).not.toContain('sudo -S')
  })
})
