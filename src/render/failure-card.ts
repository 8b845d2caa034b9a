import type { Trouble } from '../core/errors.ts'
import type { Failure } from '../core/events.ts'
import type { Paint } from './paint.ts'
import { inert, inertLines } from './sanitise.ts'
import { wrap } from './width.ts'

/** Lines of output a card shows at most. */
const CARD_LINES = 20

export interface CardOptions {
  readonly paint: Paint
  /** The command that goes on from here, for these hosts. */
  readonly again: (hosts: readonly string[]) => string
  /** Of the terminal; absent where lines may be as long as they like. */
  readonly columns?: number
}

/** One card for each trouble: what a person needs to go on. Hosts with the same trouble share one. */
export function failureCards(failures: readonly Failure[], options: CardOptions): readonly string[] {
  const groups = Map.groupBy(failures, ({ host: _host, ...rest }) => JSON.stringify(rest))
  return [...groups.values()].flatMap((same) => card(same, options))
}

function card(same: readonly Failure[], { paint, again, columns }: CardOptions): readonly string[] {
  const [failure] = same
  if (!failure) return []
  const { section, title, key, trouble, lines, code } = failure
  const hosts = same.map(({ host }) => host)
  const place = [section, title ?? key].filter((part) => part !== undefined).map(inert)
  const head = [named(hosts), ...(place.length > 0 ? [place.join(' › ')] : [])].join('  ')
  return [
    paint.bad(`✗ ${head}`),
    ...troubleLines(trouble, columns).map((line) => `  ${line}`),
    ...(code === undefined ? [] : [`  status: ${code}`]),
    ...outputLines(lines ?? [], paint),
    `  go on:  ${again(hosts)}`,
    '',
  ]
}

function named(hosts: readonly string[]): string {
  const shown = hosts.slice(0, 5).map(inert).join(', ')
  return hosts.length > 5 ? `${shown} and ${hosts.length - 5} more hosts` : shown
}

function outputLines(lines: readonly string[], paint: Paint): readonly string[] {
  const last = lines.flatMap((line) => inertLines(line)).slice(-CARD_LINES)
  if (last.every((line) => line.trim() === '')) return []
  return ['  last lines:', ...last.map((line) => paint.faint(`  │ ${line}`))]
}

/** An error that is about no host. */
export function troubleCard(trouble: Trouble, paint: Paint, columns?: number): readonly string[] {
  const [what = '', ...rest] = troubleLines(trouble, columns)
  return [`${paint.bad('error:')} ${what}`, ...rest.map((line) => `  ${line}`)]
}

const FIELD_COLUMNS = 8

function troubleLines({ what, where, why, fix }: Trouble, columns?: number): readonly string[] {
  const field = (name: string, text: string | undefined) => {
    if (text === undefined) return []
    const lines = inertLines(text).map((line, i) => `${(i === 0 ? name : '').padEnd(FIELD_COLUMNS)}${line}`)
    return columns === undefined ? lines : lines.flatMap((line) => wrap(line, columns - 4, ' '.repeat(FIELD_COLUMNS)))
  }
  const head = inertLines(what)
  return [
    ...(columns === undefined ? head : head.flatMap((line) => wrap(line, columns - 4))),
    // Several problems of one file name their places themselves.
    ...field('where:', where !== undefined && what.includes(where) ? undefined : where),
    ...field('why:', why),
    ...field('fix:', fix),
  ]
}
