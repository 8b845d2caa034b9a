import { styleText } from 'node:util'

/** Colours that mean something; each also has a sign or a word, so that nothing is said by colour alone. */
export interface Paint {
  readonly add: (text: string) => string
  readonly change: (text: string) => string
  readonly remove: (text: string) => string
  readonly good: (text: string) => string
  readonly bad: (text: string) => string
  readonly warn: (text: string) => string
  readonly strong: (text: string) => string
  readonly faint: (text: string) => string
}

type Style = Parameters<typeof styleText>[0]

const style = (format: Style) => (text: string) => styleText(format, text, { validateStream: false })

export const COLOUR: Paint = Object.freeze({
  add: style('green'),
  change: style('yellow'),
  remove: style('red'),
  good: style('green'),
  bad: style(['red', 'bold']),
  warn: style('yellow'),
  strong: style('bold'),
  faint: style('dim'),
})

const same = (text: string) => text

export const PLAIN: Paint = Object.freeze({
  add: same,
  change: same,
  remove: same,
  good: same,
  bad: same,
  warn: same,
  strong: same,
  faint: same,
})
