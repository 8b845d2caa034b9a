import { spawnSync } from 'node:child_process'
import { readdirSync, readFileSync } from 'node:fs'
import { join } from 'node:path'
import { describe, expect, test } from 'vitest'
import { parse } from 'yaml'
import type { Change } from '../../src/core/change.ts'
import { answersOf, type FactOutput } from '../../src/core/fact.ts'
import type { Resource } from '../../src/core/resource.ts'
import type { ContentAsk } from '../../src/facts/content.ts'
import { authorizedKeys } from '../../src/resources/authorized-keys.ts'
import { command } from '../../src/resources/command.ts'
import { directory } from '../../src/resources/directory.ts'
import { file } from '../../src/resources/file.ts'
import { kernelModules } from '../../src/resources/kernel-modules.ts'
import { lines } from '../../src/resources/lines.ts'
import { link } from '../../src/resources/link.ts'
import { openFiles } from '../../src/resources/open-files.ts'
import { packages } from '../../src/resources/packages.ts'
import { reboot } from '../../src/resources/reboot.ts'
import { swapOff } from '../../src/resources/swap-off.ts'
import { sysctls } from '../../src/resources/sysctls.ts'
import { unit } from '../../src/resources/unit.ts'
import { user } from '../../src/resources/user.ts'
import { ARTIFACT_MAKERS } from '../support/case-makers.ts'

/**
 * test/cases/resources/TYPE/*.yaml: what is wanted and what the host answered give changes and steps. Answers are the lines of the
 * facts, each a list of fields; `wanted` in a line of `content` stands for the digest of what is wanted.
 */
interface Case {
  readonly name: string
  readonly want: unknown
  readonly host: Readonly<Record<string, readonly (readonly (string | number)[])[]>>
  /** Parts of the changes, in order; none when nothing differs. */
  readonly changes?: readonly Partial<Change>[]
  /** Titles of the steps, in order. */
  readonly steps?: readonly string[]
  /** Where they write, as the plan says it. */
  readonly paths?: readonly string[]
  /** A pattern in the reason why nothing can be decided. */
  readonly unknown?: string
  /** A pattern in the message that refuses the want itself. */
  readonly refused?: string
}

const MAKERS: Readonly<Record<string, (want: never) => Resource>> = {
  ...ARTIFACT_MAKERS,
  'authorized-keys': authorizedKeys,
  command,
  directory,
  file,
  'kernel-modules': kernelModules,
  lines,
  link,
  'open-files': openFiles,
  packages,
  reboot,
  'swap-off': () => swapOff(),
  sysctls,
  unit,
  user,
}

const FOLDER = new URL('../cases/resources/', import.meta.url).pathname

for (const type of readdirSync(FOLDER)) {
  const make = MAKERS[type] as ((want: unknown) => Resource) | undefined
  if (!make) throw new Error(`test/cases/resources/${type}: there is no resource type of this name`)
  describe(type, () => {
    for (const name of readdirSync(join(FOLDER, type))) {
      const cases = parse(readFileSync(join(FOLDER, type, name), 'utf8')) as readonly Case[]
      test.each(cases)('$name', (one) => check(make, one))
    }
  })
}

function check(make: (want: unknown) => Resource, one: Case): void {
  if (one.refused !== undefined) {
    expect(() => make(one.want)).toThrow(new RegExp(one.refused))
    return
  }
  const resource = make(one.want)
  const decision = resource.decide(answersOf(outputsOf(resource, one.host)))
  if (one.unknown !== undefined) {
    expect(decision).toMatchObject({ verdict: 'unknown', reason: expect.stringMatching(one.unknown) })
    return
  }
  if (!one.changes?.length) {
    expect(decision).toMatchObject({ verdict: 'same' })
    return
  }
  expect(decision).toMatchObject({ verdict: 'differs', changes: one.changes })
  if (decision.verdict !== 'differs') return
  expect(decision.changes).toHaveLength(one.changes.length)
  expect(decision.steps.map(({ title }) => title)).toEqual(one.steps)
  if (one.paths) expect(decision.paths ?? resource.paths).toEqual(one.paths)
  for (const { body } of decision.steps) expectShell(body)
}

/** Every body is a script that dash, bash and busybox ash can read to its end. */
function expectShell(body: string): void {
  for (const shell of [['dash'], ['bash', '--posix'], ['busybox', 'sh']] as const) {
    const [program, ...options] = shell
    const { status, stderr } = spawnSync(program, [...options, '-n'], { input: body, encoding: 'utf8' })
    expect({ program, status, stderr }).toEqual({ program, status: 0, stderr: '' })
  }
}

function outputsOf(resource: Resource, host: Case['host']): ReadonlyMap<string, FactOutput> {
  const asks = resource.probes.flatMap(({ fact, ask }) =>
    fact.name === 'content' || fact.name === 'link-end' ? [ask as ContentAsk] : [],
  )
  const fill = (line: readonly (string | number)[]) => {
    const digest = asks.find(({ path }) => line[0] === `wanted:${path}`)?.wanted ?? '-'
    return line.map((field) => String(field).replace(/^wanted(?=$|:)/, digest))
  }
  const texts = resource.probes.map(({ fact }) => {
    const text = (host[fact.name] ?? []).map((line) => fill(line).join('\t')).join('\n')
    return [fact.name, { code: 0, text, stderr: '', truncated: false }] as const
  })
  return new Map(texts)
}
