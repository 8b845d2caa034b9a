/**
 * Lines of an inventory as they may be shown. Nobody should have written a secret into it, but when somebody did, the
 * error must not repeat it. Works on lines, because a text that is no YAML is shown too; what is in doubt is hidden.
 */

/** A key for secrets, in YAML or in a `--set`. */
const secretKey = /(?:pass(?:word|phrase|wd)|secret|token)["']?\s*[:=]/gi

/** Whether a key of the inventory is one for secrets. */
export function isSecretKey(key: string | number): boolean {
  return /(?:pass(?:word|phrase|wd)|secret|token)$/i.test(String(key))
}

/** Stands for what must not be shown. */
export const hidden = '‹hidden›'

/** What the lines above leave open. */
interface Open {
  /** Column of the line with the key. */
  readonly indent: number
  /** Quote the value begins with, until it is closed. */
  readonly quote?: string
  /** The lines of a `command:` follow. */
  readonly inCommand?: boolean
}

/** References stay readable: `password: {env: NAME}`. Anything else is hidden to where another key begins. */
export function withoutSecrets(lines: readonly string[]): string[] {
  let open: Open | undefined
  return lines.map((line) => {
    if (open && !endsBefore(line, open)) {
      const masked = maskBelow(line, open)
      open = masked.open
      return masked.shown
    }
    const masked = mask(line)
    open = masked.open
    return masked.shown
  })
}

function endsBefore(line: string, open: Open): boolean {
  return (
    open.quote === undefined && line.search(/\S/) <= open.indent && /^\s*(-\s+)?["']?[\w./-]+["']?\s*:(\s|$)/.test(line)
  )
}

interface Masked {
  readonly shown: string
  readonly open?: Open | undefined
}

const place = String.raw`\{\s*(env|file|command)\s*:\s*(\[[^\]]*\]|"[^"]*"|'[^']*'|[^,{}"'[\]]*)\s*\}`
const wholeReference = new RegExp(String.raw`^\s*(${place}|\{\s*secret\s*:\s*${place}\s*\})`)

/** A line with a key in it, or an ordinary one. */
function mask(line: string): Masked {
  const indent = Math.max(0, line.search(/\S/))
  for (const match of line.matchAll(secretKey)) {
    const end = match.index + match[0].length
    const value = line.slice(end)
    if (wholeReference.test(value)) continue
    const [, gap = '', quote] = /^(\s*)(["'])?/.exec(value) ?? []
    const unclosed = quote !== undefined && value.indexOf(quote, gap.length + 1) < 0
    const shown = value.trim() === '' ? line : `${line.slice(0, end)}${gap}${hidden}`
    return { shown, open: unclosed ? { indent, quote } : { indent } }
  }
  return { shown: line }
}

/** A line below such a key. */
function maskBelow(line: string, open: Open): Masked {
  if (line.trim() === '') return { shown: line, open }
  const shown = `${/^\s*/.exec(line)?.[0] ?? ''}${hidden}`
  if (open.quote !== undefined) return { shown, open: line.includes(open.quote) ? { indent: open.indent } : open }
  const reference = /^\s*(env|file|command)\s*:/.exec(line)
  const inCommand = reference ? reference[1] === 'command' : open.inCommand === true && /^\s*-\s/.test(line)
  return { shown: reference || inCommand ? line : shown, open: { indent: open.indent, inCommand } }
}
