import { type Command, InvalidArgumentError, Option } from 'commander'

/** Options that every verb which visits hosts takes. */
export interface RunOptions {
  readonly limit: readonly string[]
  readonly only: readonly string[]
  readonly forks: number
  readonly set: readonly string[]
  readonly json: boolean
  readonly verbose: boolean
  /** False with `--no-input`. */
  readonly input: boolean
  readonly acceptNewHostKeys: boolean
}

const DEFAULT_FORKS = 32

export function addRunOptions(command: Command): Command {
  return command
    .addOption(
      many('--limit <PATTERN>', 'only these hosts: a name, web-*, group:NAME, role:NAME; ! before one takes it away'),
    )
    .addOption(many('--only <TAG>', 'only these sections of the play; requirements are always looked at'))
    .addOption(many('--set <PATH=VALUE>', 'a value that wins over the inventory, e.g. kubernetes.version=1.36.3'))
    .option('--forks <N>', 'hosts at work at once', forks, DEFAULT_FORKS)
    .option('--json', 'events as JSON lines on stdout, nothing else there', false)
    .option('-v, --verbose', 'whole diffs, what is unchanged, and what steps print', false)
    .option('--no-input', 'never ask anything; where a question would be needed, stop and say so')
    .option(
      '--accept-new-host-keys',
      'record the key of a host nobody knows yet; a changed key is always refused',
      false,
    )
}

function many(flags: string, description: string): Option {
  const collect = (value: string, before: readonly string[]) => [
    ...before,
    ...value.split(',').filter((part) => part !== ''),
  ]
  const whole = (value: string, before: readonly string[]) => [...before, value]
  return new Option(flags, description)
    .default([], flags.startsWith('--set') ? 'none' : 'all')
    .argParser(flags.startsWith('--set') ? whole : collect)
}

function forks(text: string): number {
  const number = Number(text)
  if (!Number.isInteger(number) || number < 1 || number > 1000)
    throw new InvalidArgumentError('It must be a whole number from 1 to 1000.')
  return number
}
