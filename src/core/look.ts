import type { AnyProbe, FactOutput } from './fact.ts'
import type { Section } from './host.ts'
import { quote } from './quote.ts'

type AnyFact = AnyProbe['fact']

/** Asks of many probes, one list per fact, each ask once: a look costs one script whatever the number of resources. */
function coalesce(
  probes: readonly AnyProbe[],
): readonly { readonly fact: AnyFact; readonly asks: readonly unknown[] }[] {
  const groups = new Map<string, { fact: AnyFact; asks: Map<string, unknown> }>()
  for (const { fact, ask } of probes) {
    const group = groups.get(fact.name) ?? { fact, asks: new Map<string, unknown>() }
    groups.set(fact.name, group)
    const id = fact.id(ask)
    if (/[\t\n]/.test(id))
      throw new TypeError(`fact ${fact.name}: the id ${JSON.stringify(id)} holds a tab or a newline`)
    group.asks.set(id, ask)
  }
  return [...groups.values()].map(({ fact, asks }) => ({ fact, asks: [...asks.values()] }))
}

/**
 * The script that answers all probes. Each fact runs in a subshell of its own: a syntax error or an `exit` in one cannot
 * reach the next. Marks: `fact NAME` before its output, `done NAME STATUS` before its stderr.
 */
export function lookScript(probes: readonly AnyProbe[]): string {
  const parts = coalesce(probes).map(({ fact, asks }) =>
    [
      `mark fact ${quote(fact.name)}`,
      `e=$( ( eval ${quote(fact.script(asks))} ) 2>&1 >&3 3>&- </dev/null ); rc=$?`,
      `mark done ${quote(fact.name)} $rc`,
      `printf '%s' "$e"`,
    ].join('\n'),
  )
  return ['exec 3>&1', ...parts, ''].join('\n')
}

/**
 * Reads the sections a look printed: each fact's output by its name. Sections of anything else are passed over. `earlier` is
 * kept where this look did not ask.
 */
export function readLook(
  sections: readonly Section[],
  earlier?: ReadonlyMap<string, FactOutput>,
): ReadonlyMap<string, FactOutput> {
  const outputs = new Map(earlier)
  let output: Section | undefined
  for (const section of sections) {
    const [word, name, code] = section.mark
    if (word === 'fact') output = section
    else if (word === 'done' && name !== undefined && output?.mark[1] === name) {
      const said = { code: Number(code), text: output.text, stderr: section.text, truncated: output.droppedBytes > 0 }
      outputs.set(name, together(outputs.get(name), said))
    }
  }
  return outputs
}

/** What a fact said twice, of other things each time; of what it was asked again, the later word counts. */
function together(before: FactOutput | undefined, now: FactOutput): FactOutput {
  if (before === undefined || now.code !== 0) return now
  if (before.code !== 0) return before
  const idOf = (line: string) => line.split('\t', 1)[0]
  const again = new Set(now.text.split('\n').map(idOf))
  const kept = before.text.split('\n').filter((line) => !again.has(idOf(line)))
  return { ...now, text: [...kept, now.text].join('\n'), truncated: before.truncated || now.truncated }
}

/** Shell that asks the costly facts among these probes, once each, and keeps their lines for `guardScript`. */
export function costlyScript(probes: readonly AnyProbe[]): string {
  return coalesce(probes.filter(({ fact }) => fact.costly))
    .map(({ fact, asks }) => `${costlyName(fact)}=$({ ${identityScript(fact, asks)}; } 2>/dev/null </dev/null)`)
    .join('\n')
}

/** Shell that prints the digest of what these probes see, in the form of `seenDigest`. `costlyScript` ran before. */
export function guardScript(probes: readonly AnyProbe[]): string {
  const parts = coalesce(probes).map(({ fact, asks }) => {
    if (!fact.costly) return identityScript(fact, asks)
    const lines = asks.map((ask) => `-e ${quote(`^${literal(fact.id(ask))}\t`)}`)
    return `{ printf '%s\\n' "$${costlyName(fact)}" | grep ${lines.join(' ')} || :; }`
  })
  return `{ ${parts.join('; ') || ':'}; } 2>/dev/null </dev/null | LC_ALL=C sort | sha256sum`
}

/** Shell that prints the lines a guard compares: all but what moves by itself. */
function identityScript(fact: AnyFact, asks: readonly unknown[]): string {
  const look = `( eval ${quote(fact.script(asks))} )`
  if (!fact.volatile?.length) return look
  const pattern = `^[^\t]*\t(${fact.volatile.join('|')})(\t|$)`
  return `${look} | { grep -v -E ${quote(pattern)} || :; }`
}

function costlyName({ name }: AnyFact): string {
  return `costly_${name.replaceAll(/[^a-z0-9]/g, '_')}`
}

/** A text as a basic regular expression that matches it and nothing else. */
function literal(text: string): string {
  return text.replaceAll(/[.[*^$\\]/g, String.raw`\$&`)
}
