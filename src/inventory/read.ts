import { open } from 'node:fs/promises'
import { InputError } from '../core/errors.ts'
import type { Inventory } from './inventory.ts'
import { type LoadOptions, loadInventory } from './load.ts'
import { InventoryError } from './problem.ts'
import { Source } from './source.ts'
import { limits } from './tokens.ts'

/**
 * Reads and loads an inventory file, at most one byte more of it than may be there.
 * @throws InputError when it cannot be read, InventoryError when it is wrong.
 */
export async function readInventory(path: string, options: Omit<LoadOptions, 'file'>): Promise<Inventory> {
  return loadInventory(decodeInventory(await readStart(path), path), { ...options, file: path })
}

async function readStart(path: string): Promise<Uint8Array> {
  try {
    await using file = await open(path, 'r')
    const bytes = new Uint8Array(limits.sizeBytes + 1)
    let length = 0
    while (length < bytes.length) {
      const { bytesRead } = await file.read(bytes, length, bytes.length - length)
      if (bytesRead === 0) break
      length += bytesRead
    }
    return bytes.subarray(0, length)
  } catch (cause) {
    const code = (cause as NodeJS.ErrnoException).code ?? ''
    throw new InputError(
      {
        what: `the inventory ${path} cannot be read: ${reasons[code] ?? code}`,
        where: path,
        fix: fixes[code] ?? 'check the path',
      },
      { cause },
    )
  }
}

const reasons: Readonly<Record<string, string>> = {
  ENOENT: 'there is no such file',
  EACCES: 'you may not read it',
  EISDIR: 'it is a folder',
  ENOTDIR: 'a part of the path is no folder',
}

const fixes: Readonly<Record<string, string>> = {
  ENOENT: 'check the path, or copy inventory/example.yaml and change it',
  EACCES: 'give yourself the right to read it, or run as the user who owns it',
  EISDIR: 'name a file in it',
}

/** Bytes to text, strictly: a byte that is not UTF-8 is refused with its place. */
export function decodeInventory(bytes: Uint8Array, file: string): string {
  if (bytes.length > limits.sizeBytes) {
    const what = `${file} is larger than an inventory may be (${limits.sizeBytes / 1024 / 1024} MiB)`
    throw new InputError({ what, where: `${file}:1:1`, fix: 'is this the right file?' })
  }
  const [first, second] = bytes
  if ((first === 0xff && second === 0xfe) || (first === 0xfe && second === 0xff)) {
    throw new InputError({ what: `${file} is stored as UTF-16`, where: `${file}:1:1`, fix: 'save it as UTF-8' })
  }
  try {
    return new TextDecoder('utf-8', { fatal: true, ignoreBOM: true }).decode(bytes)
  } catch {
    const good = validLength(bytes)
    const before = new TextDecoder('utf-8', { ignoreBOM: true }).decode(bytes.subarray(0, good))
    const text = new TextDecoder('utf-8', { ignoreBOM: true }).decode(bytes)
    const source = new Source(file, text)
    const byte = (bytes[good] ?? 0).toString(16).toUpperCase().padStart(2, '0')
    throw new InventoryError(file, [
      {
        what: `here is a byte that is not UTF-8 (0x${byte})`,
        fix: 'save the file as UTF-8',
        spot: { source, start: before.length, end: before.length + 1 },
      },
    ])
  }
}

/** How many bytes from the start are whole UTF-8 characters. */
function validLength(bytes: Uint8Array): number {
  let low = 0
  let high = bytes.length
  while (low < high) {
    const middle = Math.ceil((low + high) / 2)
    if (decodes(bytes.subarray(0, middle), true)) low = middle
    else high = middle - 1
  }
  while (!decodes(bytes.subarray(0, low), false)) low--
  return low
}

/** Whether bytes are UTF-8; `open` forgives a character that is cut off at the end. */
function decodes(bytes: Uint8Array, open: boolean): boolean {
  try {
    new TextDecoder('utf-8', { fatal: true }).decode(bytes, { stream: open })
    return true
  } catch {
    return false
  }
}
