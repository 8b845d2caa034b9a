import type { EventBody, Report } from '../core/events.ts'
import type { Sink } from './renderer.ts'

/** Shorter values are no secrets, and would be found in every other word. */
const MIN_RAW_LENGTH = 4
/** Encodings of a secret that are shorter turn up by chance. */
const MIN_ENCODED_LENGTH = 6

/** Fields whose values are words of the event schema: a password like `root` or `output` must not change what an event is. */
const OWN = new Set(['type', 'state', 'verdict', 'result', 'severity', 'unit', 'become'])

/**
 * The second net: secrets are kept out of events by their type, and whatever slips through is replaced here, in every sink.
 * Knows a secret as it is, its lines, and its base64, hex, URL, JSON and shell forms.
 */
export class Redactor {
  readonly #names = new Map<string, string>()
  #pattern: RegExp | undefined

  /** `name` is what is shown instead: `‹secret env SUDO_PASSWORD›`. */
  add(value: string, name = '‹secret›'): void {
    for (const form of forms(value)) if (!this.#names.has(form)) this.#names.set(form, name)
    const longestFirst = [...this.#names.keys()].toSorted((a, b) => b.length - a.length)
    this.#pattern = longestFirst.length > 0 ? new RegExp(longestFirst.map(literally).join('|'), 'g') : undefined
  }

  text(text: string): string {
    return this.#pattern ? text.replace(this.#pattern, (form) => this.#names.get(form) ?? '‹secret›') : text
  }

  /** A copy of JSON-like data with every string in it redacted, but for words of our own that programs go by. */
  deep<T>(value: T): T {
    return this.#pattern ? (this.#walk(value) as T) : value
  }

  /**
   * How much of `text` may be passed on: behind that begins what may be the first part of a secret, whose rest has not
   * arrived yet.
   */
  safeLength(text: string): number {
    let safe = text.length
    for (const form of this.#names.keys()) {
      const from = Math.max(0, text.length - form.length + 1)
      for (
        let at = text.indexOf(form.charAt(0), from);
        at !== -1 && at < safe;
        at = text.indexOf(form.charAt(0), at + 1)
      ) {
        if (form.startsWith(text.slice(at))) safe = at
      }
    }
    // A whole secret may end like another begins: it is not cut in two.
    for (const match of this.#pattern ? text.matchAll(this.#pattern) : []) {
      if (match.index < safe && match.index + match[0].length > safe) safe = match.index
    }
    return safe
  }

  #walk(value: unknown): unknown {
    if (typeof value === 'string') return this.text(value)
    if (Array.isArray(value)) return value.map((item) => this.#walk(item))
    if (typeof value !== 'object' || value === null) return value
    return Object.fromEntries(
      Object.entries(value).map(([key, item]) => [
        key,
        typeof item === 'string' && OWN.has(key) ? item : this.#walk(item),
      ]),
    )
  }
}

/**
 * Redacts events on their way. Output arrives in pieces that may cut a secret in two: what could be its first part waits for
 * the next piece, or for the end of the step.
 */
export function redactedReport(redactor: Redactor, report: Report): Report {
  const held = new Map<string, { readonly key: string; readonly text: string }>()
  const release = (host: string) => {
    const rest = held.get(host)
    held.delete(host)
    if (rest) report(redactor.deep({ type: 'output', host, key: rest.key, text: rest.text }))
  }
  const onOutput = (event: Extract<EventBody, { type: 'output' }>) => {
    const { host, key } = event
    if (held.get(host)?.key !== key) release(host)
    const text = (held.get(host)?.text ?? '') + event.text
    held.delete(host)
    const safe = redactor.safeLength(text)
    if (safe < text.length) held.set(host, { key, text: text.slice(safe) })
    if (safe > 0) report(redactor.deep({ ...event, text: text.slice(0, safe) }))
  }
  return (event) => {
    if (event.type === 'output') {
      onOutput(event)
      return
    }
    if ('host' in event && event.host !== undefined) release(event.host)
    if (event.type === 'end') for (const host of [...held.keys()]) release(host)
    report(redactor.deep(event))
  }
}

export function redactedSink(redactor: Redactor, sink: Sink): Sink {
  return { write: (text) => sink.write(redactor.text(text)) }
}

function forms(value: string): ReadonlySet<string> {
  const bare = value.replace(/\r?\n$/, '')
  const raw = [value, bare, ...lines(bare)].filter((form) => form.trim().length >= MIN_RAW_LENGTH)
  const encoded = [bare, value].flatMap((text) => [
    ...base64Forms(text),
    Buffer.from(text).toString('hex'),
    Buffer.from(text).toString('hex').toUpperCase(),
    encodeURIComponent(text.toWellFormed()),
    JSON.stringify(text).slice(1, -1),
    text.replaceAll("'", "'\\''"),
  ])
  return new Set([...raw, ...encoded.filter((form) => form.length >= MIN_ENCODED_LENGTH)])
}

/** Long lines of a secret of many lines (a private key) are secrets by themselves; its frame is not. */
function lines(value: string): readonly string[] {
  if (!value.includes('\n')) return []
  return value.split(/\r?\n/).filter((line) => line.length >= 16 && !line.startsWith('-----'))
}

/** Base64 of a text wherever it stands in what was encoded: three alignments, without the characters its neighbours share. */
function base64Forms(text: string): readonly string[] {
  const bytes = Buffer.from(text)
  const inner = [0, 1, 2].map((shift) => {
    const coded = Buffer.concat([Buffer.alloc(shift), bytes])
      .toString('base64')
      .replace(/=+$/, '')
    const whole = Math.floor(((shift + bytes.length) * 8) / 6)
    return coded.slice(Math.ceil((shift * 8) / 6), whole)
  })
  return [...inner, ...inner.map((form) => form.replaceAll('+', '-').replaceAll('/', '_'))]
}

/** A pattern that matches exactly this text. */
function literally(text: string): string {
  return text.replace(/[\\^$.*+?()[\]{}|/-]/g, '\\$&')
}
