import { html, type Markup, type Piece } from './markup.ts'

/** A part of the page that the table of contents leads to. */
export function block(id: string, title: string, body: Piece): Markup {
  return html`<section id="${id}"><h2>${title}</h2>${body}</section>`
}

/** A box of its own for what may be wider than a phone, or (`tall`) longer than anybody wants to scroll past. */
export function scroll(body: Piece, tall = false): Markup {
  return html`<div class="scroll${tall ? ' tall' : ''}" tabindex="0">${body}</div>`
}

/** A few names in full, many as a number with all names folded behind it. */
export function hostList(hosts: readonly string[], all: number): Markup {
  if (hosts.length === all && all > 1) return html`<span class="soft">all ${all}</span>`
  if (hosts.length <= 4) return html`${hosts.join(', ')}`
  return html`<details class="inline"><summary>${hosts.length} hosts</summary>${hosts.join(', ')}</details>`
}

export type Tone = 'good' | 'warn' | 'bad' | 'soft'

const SIGNS: Readonly<Record<Tone, string>> = { good: '✓', warn: '△', bad: '✗', soft: '·' }

/** A sign and a word: what a colour alone would not tell everybody. */
export function badge(tone: Tone, word: string, sign: string = SIGNS[tone]): Markup {
  return html`<span class="badge ${tone}">${sign} ${word}</span>`
}

/** Text of one host as it would read on any: what hosts have in common shows once their own names are out of it. */
export function ofAnyHost(text: string, host: string): string {
  return host.length < 2 ? text : text.replaceAll(host, '‹host›')
}
