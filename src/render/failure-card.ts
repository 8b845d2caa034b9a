import type { Trouble } from '../core/errors.ts'
import type { Failure } from '../core/events.ts'
import type { Paint } from './paint.ts'
import { inert, inertLines } from './sanitise.ts'

/** Lines of output a card shows at most. */
const CARD_LINES = 20

export interface CardOptions {
  readonly paint: Paint
  /** The command that goes on from here; shown last. */
  readonly again?: string
}

/** One card: what a person needs to go on. */
export function failureCard(failure: Failure, { paint, again }: CardOptions): readonly string[] {
  const { host, section, title, key, trouble, lines, code } = failure
  const place = [section, title ?? key].filter((part) => part !== undefined).map(inert)
  const head = [inert(host), ...(place.length > 0 ? [place.join(' › ')] : [])].join('  ')
  return [
    paint.bad(`✗ ${head}`),
    ...troubleLines(trouble).map((line) => `  ${line}`),
    ...(code === undefined ? [] : [`  status: ${code}`]),
    ...outputLines(lines ?? [], paint),
    ...(again === undefined ? [] : [`  go on:  ${again}`]),
  ]
}

function outputLines(lines: readonly string[], paint: Paint): readonly string[] {
  const last = lines.flatMap((line) => inertLines(line)).slice(-CARD_LINES)
  if (last.every((line) => line.trim() === '')) return []
  return ['  last lines:', ...last.map((line) => paint.faint(`  │ ${line}`))]
}

/** An error that is about no host. */
export function troubleCard(trouble: Trouble, paint: Paint): readonly string[] {
  const [what = '', ...rest] = troubleLines(trouble)
  return [`${paint.bad('error:')} ${what}`, ...rest.map((line) => `  ${line}`)]
}

function troubleLines({ what, where, why, fix }: Trouble): readonly string[] {
  const field = (name: string, text: string | undefined) =>
    text === undefined ? [] : inertLines(text).map((line, i) => `${(i === 0 ? name : '').padEnd(8)}${line}`)
  return [...inertLines(what), ...field('where:', where), ...field('why:', why), ...field('fix:', fix)]
}
