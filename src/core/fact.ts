import { FactError } from './fact-error.ts'

/** Fields of one answer line, after the id. */
export type Line = readonly string[]

/**
 * A question one can ask a host, and how to read the answer. Facts speak lines: for every ask the script prints any number
 * of lines `id TAB field TAB …`, so that answers to many asks can be gathered in one command, told apart again, and
 * compared by digest on the host itself.
 *
 * Laws, tested for every fact: the script only reads; `script([a, b])` prints the lines of `script([a])` and of
 * `script([b])` in some order; two runs against the same world print the same lines, but for the fields in `volatile`.
 */
export interface Fact<Ask, Answer> {
  /** Noun, e.g. `file`. */
  readonly name: string
  /** First field of the ask's lines. Holds neither tab nor newline. */
  id(ask: Ask): string
  /** POSIX sh that answers all asks. Runs in a subshell; a status other than 0 means that nothing was answered. */
  script(asks: readonly Ask[]): string
  /** Reads one ask's lines; none at all is an answer too. @throws FactError when the host printed nonsense. */
  parse(lines: readonly Line[], ask: Ask): Answer
  /** Names in the first field of lines that may differ between two looks at the same world. */
  readonly volatile?: readonly string[]
  /**
   * Asking takes starting a client of some daemon. Guards then ask once for a whole wave, before its first step, and not
   * before each.
   */
  readonly costly?: true
}

/** One ask of one fact: data, so that probes can be counted, grouped and sent together. */
export interface Probe<Ask = unknown, Answer = unknown> {
  readonly fact: Fact<Ask, Answer>
  readonly ask: Ask
}

/** Erases the types of the ask, so that probes of different facts fit in one list. `Answers.get` wants the typed one. */
export type AnyProbe = Probe<unknown, unknown>

export function probe<Ask, Answer>(fact: Fact<Ask, Answer>, ask: Ask): Probe<Ask, Answer> {
  return { fact, ask }
}

/** What one look at a host brought home. */
export interface Answers {
  /** @throws FactError when the fact could not be asked or its answer not be read. */
  get<Ask, Answer>(probe: Probe<Ask, Answer>): Answer
  /** The lines behind the answer to these probes, sorted: the identity that a guard compares. */
  identity(probes: readonly AnyProbe[]): readonly string[]
}

/** What the host printed for one fact. */
export interface FactOutput {
  readonly code: number
  readonly text: string
  readonly stderr: string
  /** The output was larger than its cap: nothing in it can be relied on. */
  readonly truncated: boolean
}

/** Answers of a look, from the output of each fact's script. Parsing is lazy: a fact nobody reads cannot fail a host. */
export function answersOf(outputs: ReadonlyMap<string, FactOutput>): Answers {
  const groups = new Map<string, ReadonlyMap<string, readonly Line[]>>()
  const linesOf = (fact: Fact<unknown, unknown>, id: string): readonly Line[] => {
    let byId = groups.get(fact.name)
    if (!byId) {
      byId = groupLines(fact.name, outputs.get(fact.name))
      groups.set(fact.name, byId)
    }
    return byId.get(id) ?? []
  }
  return {
    get: ({ fact, ask }) => fact.parse(linesOf(fact, fact.id(ask)), ask),
    identity: (probes) =>
      probes
        .flatMap(({ fact, ask }) => {
          const id = fact.id(ask)
          return linesOf(fact, id)
            .filter(([field]) => !fact.volatile?.includes(field ?? ''))
            .map((line) => [id, ...line].join('\t'))
        })
        .sort(compareBytes),
  }
}

function groupLines(name: string, output: FactOutput | undefined): ReadonlyMap<string, readonly Line[]> {
  if (!output) throw new FactError(name, 'was not asked')
  if (output.truncated) throw new FactError(name, 'printed more than is kept of an answer')
  if (output.code !== 0)
    throw new FactError(name, `ended with status ${output.code}: ${output.stderr.trim() || 'no message'}`)
  const byId = new Map<string, Line[]>()
  for (const text of output.text.split('\n')) {
    if (text === '') continue
    const [id = '', ...fields] = text.split('\t')
    const lines = byId.get(id)
    if (lines) lines.push(fields)
    else byId.set(id, [fields])
  }
  return byId
}

/** The order of `LC_ALL=C sort`: bytes, not UTF-16 units. */
function compareBytes(a: string, b: string): number {
  return Buffer.compare(Buffer.from(a), Buffer.from(b))
}
