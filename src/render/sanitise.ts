/**
 * Makes text that came from a host inert: nothing in it can move the cursor, change the title, colour what follows, write to the
 * clipboard, reorder or hide letters. What would have is shown instead, as `\x1b`, `\r` or `\u{202e}`.
 *
 * Controls (C0, C1, DEL) start every escape sequence there is, so escaping them alone disarms CSI, OSC, DCS and the rest.
 * Format characters (bidi, zero width, tags) and lone surrogates are shown for the same reason: what one reads is what is there.
 */
export function inert(text: string): string {
  return text.isWellFormed() && !ACTIVE.test(text) ? text : text.toWellFormed().replace(ACTIVE_ALL, visible)
}

/** The same for text of many lines: `\n` and `\r\n` separate them, a tab stays one. */
export function inertLines(text: string): readonly string[] {
  const lines = text.split(/\r?\n/)
  if (lines.at(-1) === '') lines.pop()
  return lines.map((line) => line.split('\t').map(inert).join('\t'))
}

/** The last line of a burst of output that says something: what a progress bar last drew, or the last line. */
export function lastLine(text: string): string | undefined {
  const line = text
    .split(/[\r\n]+/)
    .findLast((part) => part.trim() !== '')
    ?.trim()
  return line === undefined ? undefined : inert(line.replaceAll('\t', ' '))
}

const ACTIVE = /[\p{Cc}\p{Cf}\p{Zl}\p{Zp}]/u
const ACTIVE_ALL = new RegExp(ACTIVE, 'gu')

const NAMES: Readonly<Record<string, string>> = { '\n': '\\n', '\r': '\\r', '\t': '\\t', '\0': '\\0' }

function visible(character: string): string {
  const code = character.codePointAt(0) ?? 0
  return NAMES[character] ?? (code < 0x100 ? `\\x${code.toString(16).padStart(2, '0')}` : `\\u{${code.toString(16)}}`)
}
