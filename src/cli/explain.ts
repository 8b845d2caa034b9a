import { COUPLING_RULES, type CouplingRule, couplingRule } from '../catalog/coupling-rules.ts'
import { REQUIREMENTS, requirementOf } from '../catalog/requirements.ts'
import { EXIT, InputError } from '../core/errors.ts'
import { ENTRY_NOTICES } from '../inventory/entry-notices.ts'
import { ENTRY_RULES } from '../inventory/entry-rules.ts'
import { explainValue } from '../inventory/explain.ts'
import { keyPaths, schemaAt } from '../inventory/json-schema.ts'
import type { Origin } from '../inventory/layers.ts'
import { didYouMean } from '../inventory/nearest.ts'
import { inertLines } from '../render/sanitise.ts'
import { DEFAULT_INVENTORY, load } from './loaded.ts'
import { describe, exitCodeLines } from './page.ts'
import type { Verb, VerbContext } from './verb.ts'

const EXIT_CODES = 'exit-codes'

/** Says what something is for, or why a value is what it is. */
export const explainVerb: Verb = (context) => {
  const command = context.program
    .command('explain')
    .argument(
      '<TOPIC>',
      `${EXIT_CODES}, the id of a requirement or rule, a key of inventories like kernel.sysctl, or a host`,
    )
    .argument('[KEY]', 'with a host: the value to trace')
    .option('-i, --inventory <FILE>', 'where the host is described', DEFAULT_INVENTORY)
    .action(async (topic: string, key: string | undefined, options: { readonly inventory: string }) => {
      const lines =
        key === undefined
          ? explainTopic(topic)
          : await traceValue(context, { host: topic, key, file: options.inventory })
      context.world.stdout.write(
        lines
          .flatMap((line) => inertLines(line))
          .map((line) => `${line}\n`)
          .join(''),
      )
      context.exit(EXIT.ok)
    })
  return describe(command, {
    summary: 'what a code, requirement, rule or key means; where a value comes from',
    description: [
      'With one word: what it means. With a host and a key: the value that holds for this host, the line it comes from, and what weaker layers said (defaults < top of the file < groups < host < --set).',
    ],
    examples: [
      ['provision explain exit-codes', 'what provision exits with'],
      ['provision explain nvme-etcd', 'a requirement'],
      ['provision explain no-kube-proxy', 'a rule between settings'],
      ['provision explain kubernetes.kubeProxy.mode', 'a key of inventories'],
      ['provision explain node1 ssh.port -i prod.yaml', 'why node1 is reached by this port'],
      ['provision explain cluster kubernetes.version -i prod.yaml', 'a value of the whole cluster'],
    ],
  })
}

const ENTRY_REASONS = [...ENTRY_RULES, ...ENTRY_NOTICES]
const RULES = [...Object.keys(COUPLING_RULES), ...ENTRY_REASONS.map(({ id }) => id)]

function explainTopic(topic: string): readonly string[] {
  if (topic === EXIT_CODES) return ['provision exits with', ...exitCodeLines()]
  const id = requirementOf(topic)
  const requirement = id === undefined ? undefined : REQUIREMENTS[id]
  if (requirement) {
    return [
      `${topic}: ${requirement.title}`,
      `  ${requirement.why}`,
      '',
      'To live without it, write the reason into the inventory:',
      `  accept: {${topic}: "why this is all right here"}`,
    ]
  }
  const rule = couplingRule(topic)
  if (rule) return ruleText(topic, rule)
  const entry = ENTRY_REASONS.find((reason) => reason.id === topic)
  if (entry) return [`${topic}: a rule between settings`, `  ${entry.why}`, `  source: ${entry.source} (${entry.date})`]
  const found = schemaAt(topic.split('.'))
  const schema = found.find(({ description }) => description !== undefined) ?? found[0]
  if (schema) return keyText(topic, schema, found)
  const topics = [EXIT_CODES, ...Object.keys(REQUIREMENTS), ...RULES, ...keyPaths().map((path) => path.join('.'))]
  throw new InputError({
    what: `there is nothing called ${JSON.stringify(topic)} to explain`,
    where: 'the command line',
    fix:
      didYouMean(topic, topics) ??
      `topics: ${EXIT_CODES}, ${Object.keys(REQUIREMENTS).join(', ')}, rules: ${RULES.join(', ')}, or a key of inventories`,
  })
}

function ruleText(id: string, { when, wants, reason, source, date }: CouplingRule): readonly string[] {
  return [
    `${id}: a rule between settings`,
    `  when ${when}`,
    `  then ${wants}`,
    `  or else: ${reason}`,
    `  source: ${source} (${date})`,
  ]
}

type Schema = ReturnType<typeof schemaAt>[number]

function keyText(topic: string, schema: Schema, all: readonly Schema[]): readonly string[] {
  const values = all.flatMap((one) => [...(one.enum ?? []), ...('const' in one ? [one.const] : [])])
  const keys = [...new Set(all.flatMap((one) => Object.keys(one.properties ?? {})))]
  const types = [...new Set(all.flatMap(({ type }) => type ?? []))]
  return [
    topic,
    ...(schema.description === undefined ? [] : [`  ${schema.description}`]),
    ...(values.length > 0
      ? [`  one of: ${values.join(', ')}`]
      : types.length > 0
        ? [`  type: ${types.join(' or ')}`]
        : []),
    ...(schema.default === undefined ? [] : [`  default: ${JSON.stringify(schema.default)}`]),
    ...(keys.length > 0 ? [`  keys: ${keys.join(', ')}`] : []),
  ]
}

interface Trace {
  readonly host: string
  readonly key: string
  readonly file: string
}

async function traceValue({ world, parts }: VerbContext, { host, key, file }: Trace): Promise<readonly string[]> {
  const { inventory } = await load(world, parts, { path: file, limit: [], set: [] })
  const { path, value, from, overridden, description } = explainValue(inventory, host === 'cluster' ? '' : host, key)
  const line = (origin: Origin) =>
    `${origin.layer} (${origin.where})${origin.value === undefined ? '' : `: ${valueText(origin.value)}`}`
  return [
    `${path} = ${valueText(value)}`,
    from ? `  from ${from.layer} (${from.where})` : '  nobody set it: this is the default',
    ...overridden.map((origin) => `  instead of ${line(origin)}`),
    ...(description === undefined ? [] : [`  ${description}`]),
  ]
}

function valueText(value: unknown): string {
  return value === undefined ? 'not set' : (JSON.stringify(value) ?? String(value))
}
