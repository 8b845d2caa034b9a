import { randomBytes } from 'node:crypto'
import { open, rename, rm } from 'node:fs/promises'
import { InputError } from '../core/errors.ts'

/** Writes a file only its owner can read; a reader sees the old one or the whole new one. @throws InputError */
export function writePrivateFile(path: string, text: string): Promise<void> {
  return writeFileWhole(path, text, 0o600)
}

/** The same for a file that holds nothing to hide. @throws InputError */
export function writeOpenFile(path: string, text: string): Promise<void> {
  return writeFileWhole(path, text, 0o644)
}

async function writeFileWhole(path: string, text: string, mode: number): Promise<void> {
  const temporary = `${path}.${randomBytes(6).toString('hex')}.new`
  try {
    await using file = await open(temporary, 'wx', mode)
    await file.writeFile(text)
    await file.sync()
  } catch (cause) {
    await rm(temporary, { force: true })
    throw unwritable(path, cause)
  }
  try {
    await rename(temporary, path)
  } catch (cause) {
    await rm(temporary, { force: true })
    throw unwritable(path, cause)
  }
}

function unwritable(path: string, cause: unknown): InputError {
  const code = (cause as NodeJS.ErrnoException).code ?? String(cause)
  const fix = code === 'ENOENT' ? 'make its folder first' : 'choose another path, or mend the rights of its folder'
  return new InputError({ what: `${path} cannot be written (${code})`, where: path, fix }, { cause })
}
