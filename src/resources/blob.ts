import { createHash } from 'node:crypto'
import type { Blob } from '../core/host.ts'

/** Bytes we hold in memory, as something that can be sent to a host. */
export function blobOf(name: string, content: string | Uint8Array, secret = false): Blob {
  const bytes = typeof content === 'string' ? Buffer.from(content) : content
  return {
    sha256: createHash('sha256').update(bytes).digest('hex'),
    size: bytes.byteLength,
    secret,
    name,
    async *open() {
      yield bytes
    },
  }
}

/** The text these bytes are in UTF-8, or nothing when a person could not read them. */
export function textOf(bytes: Uint8Array): string | undefined {
  try {
    const text = new TextDecoder('utf-8', { fatal: true, ignoreBOM: true }).decode(bytes)
    return text.includes('\0') ? undefined : text
  } catch {
    return undefined
  }
}
