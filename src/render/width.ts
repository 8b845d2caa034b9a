/** How many columns of a terminal text takes. For text without escapes. */
export function widthOf(text: string): number {
  if (/^[\x20-\x7e]*$/.test(text)) return text.length
  let columns = 0
  for (const { segment } of SEGMENTS.segment(text)) columns += segmentWidth(segment)
  return columns
}

const SEGMENTS = new Intl.Segmenter('en', { granularity: 'grapheme' })
const ZERO = /^[\p{Mn}\p{Me}\p{Cc}\p{Cf}]+$/u
const WIDE =
  /^[\u1100-\u115f\u2e80-\u303e\u3041-\u33ff\u3400-\u4dbf\u4e00-\u9fff\ua000-\ua4cf\ua960-\ua97f\uac00-\ud7a3\uf900-\ufaff\ufe30-\ufe6f\uff00-\uff60\uffe0-\uffe6\u{1f000}-\u{1faff}\u{20000}-\u{3fffd}]|^\p{Emoji_Presentation}/u

function segmentWidth(segment: string): number {
  if (ZERO.test(segment)) return 0
  return WIDE.test(segment) || segment.includes('\ufe0f') ? 2 : 1
}

/** Cuts text to at most `columns`, with `…` where something is missing. */
export function cut(text: string, columns: number): string {
  if (columns <= 0) return ''
  if (widthOf(text) <= columns) return text
  let out = ''
  let used = 0
  for (const { segment } of SEGMENTS.segment(text)) {
    used += segmentWidth(segment)
    if (used > columns - 1) break
    out += segment
  }
  return `${out}…`
}

export function pad(text: string, columns: number): string {
  return text + ' '.repeat(Math.max(0, columns - widthOf(text)))
}

/** Breaks text between words so that no line is wider than `columns`; later lines begin with `indent`. */
export function wrap(text: string, columns: number, indent = ''): readonly string[] {
  const lines: string[] = []
  let line = ''
  for (const word of text.split(/(?<=\S)(?=\s)/)) {
    if (line !== '' && widthOf(line) + widthOf(word) > columns) {
      lines.push(line)
      line = indent + word.trimStart()
    } else line += word
  }
  return [...lines, line]
}
