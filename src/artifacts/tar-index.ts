import { open } from 'node:fs/promises'
import { InputError } from '../core/errors.ts'
import type { ByteRange } from './artifact-file.ts'

const BLOCK_BYTES = 512

/** Where each file of an uncompressed tar lies. */
export type TarIndex = ReadonlyMap<string, ByteRange>

/**
 * Walks the headers of a tar without reading the contents between them: a bundle of a gigabyte is opened in milliseconds.
 * Names must fit a ustar header (255 bytes with its prefix); longer ones are not in our bundles.
 * @throws InputError when the file is compressed, cut short, or no tar at all.
 */
export async function tarIndex(path: string): Promise<TarIndex> {
  const entries = new Map<string, ByteRange>()
  await using file = await open(path)
  const { size: totalBytes } = await file.stat()
  const header = Buffer.alloc(BLOCK_BYTES)
  for (let offset = 0; offset < totalBytes; ) {
    const { bytesRead } = await file.read(header, 0, BLOCK_BYTES, offset)
    if (bytesRead === BLOCK_BYTES && header.every((byte) => byte === 0)) return entries
    const entry = bytesRead === BLOCK_BYTES ? parseHeader(header) : undefined
    if (entry === undefined) throw notTar(path, offset, header)
    offset += BLOCK_BYTES
    if (entry.isFile) entries.set(entry.name.replace(/^(\.\/)+/, ''), { offset, sizeBytes: entry.sizeBytes })
    offset += Math.ceil(entry.sizeBytes / BLOCK_BYTES) * BLOCK_BYTES
  }
  throw new InputError({
    what: 'the tar has no end',
    where: path,
    why: 'copying it was not finished',
    fix: 'copy it again',
  })
}

export async function readTarEntry(path: string, index: TarIndex, name: string): Promise<Buffer> {
  const range = index.get(name)
  if (range === undefined) throw new Error(`${name} is not in ${path}`)
  await using file = await open(path)
  const bytes = Buffer.alloc(range.sizeBytes)
  await file.read(bytes, 0, range.sizeBytes, range.offset)
  return bytes
}

interface Header {
  readonly name: string
  readonly sizeBytes: number
  readonly isFile: boolean
}

/** POSIX.1-1988 header; undefined when its checksum does not match. */
function parseHeader(header: Buffer): Header | undefined {
  const text = (start: number, end: number) => header.toString('utf8', start, end).replace(/\0.*$/s, '')
  const octal = (start: number, end: number) => Number.parseInt(text(start, end).trim() || '0', 8)
  // The checksum is made with its own field taken as spaces.
  const sum = header.reduce((total, byte, i) => total + (i >= 148 && i < 156 ? 0x20 : byte), 0)
  if (octal(148, 156) !== sum) return undefined
  const prefix = text(257, 262) === 'ustar' ? text(345, 500) : ''
  const type = text(156, 157)
  return {
    name: prefix === '' ? text(0, 100) : `${prefix}/${text(0, 100)}`,
    sizeBytes: octal(124, 136),
    isFile: type === '' || type === '0',
  }
}

function notTar(path: string, offset: number, header: Buffer): InputError {
  const compressed = offset === 0 && (header.readUInt16BE(0) === 0x1f8b || header.readUInt32BE(0) === 0x28b52ffd)
  return new InputError({
    what: compressed ? 'a bundle tar must not be compressed' : `no tar header at byte ${offset}`,
    where: path,
    why: compressed ? 'its files are read in place' : 'the file is not a tar, or copying it was not finished',
    fix: compressed ? 'unpack it (gunzip, zstd -d) and try again' : 'copy or make the bundle again',
  })
}
