import { mkdir, open, readFile, rm, stat } from 'node:fs/promises'
import { dirname } from 'node:path'
import { setTimeout as sleep } from 'node:timers/promises'
import { InputError } from '../core/errors.ts'
import { type KnownHost, knownHostsLine, parseKnownHosts } from './known-hosts.ts'

/** All entries of these files, in order. A missing file has none. */
export async function readKnownHosts(files: readonly string[]): Promise<KnownHost[]> {
  const entries = await Promise.all(files.map(async (file) => parseKnownHosts(await textOf(file), file)))
  return entries.flat()
}

async function textOf(file: string): Promise<string> {
  try {
    return await readFile(file, 'utf8')
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code === 'ENOENT') return ''
    throw new InputError(
      {
        what: `cannot read the known hosts in ${file}: ${(error as Error).message}`,
        where: file,
        fix: `make ${file} readable for you`,
      },
      { cause: error },
    )
  }
}

/** Adds one line with one write, under a lock file, so that parallel connects and parallel runs do not mix lines. */
export async function addKnownHost(file: string, name: string, key: Uint8Array): Promise<void> {
  await mkdir(dirname(file), { recursive: true, mode: 0o700 })
  const release = await lockFile(`${file}.lock`)
  try {
    const text = await textOf(file)
    const start = text === '' || text.endsWith('\n') ? '' : '\n'
    const handle = await open(file, 'a', 0o600)
    try {
      await handle.write(start + knownHostsLine(parseKnownHosts(text, file), name, key))
      await handle.sync()
    } finally {
      await handle.close()
    }
  } finally {
    await release()
  }
}

/** Held for one short write; an older lock file was left behind by a killed process. */
const LOCK_STALE_MS = 10_000
const LOCK_RETRY_MS = 20

async function lockFile(path: string): Promise<() => Promise<void>> {
  for (;;) {
    try {
      await (await open(path, 'wx', 0o600)).close()
      return () => rm(path, { force: true })
    } catch (error) {
      if ((error as NodeJS.ErrnoException).code !== 'EEXIST') throw error
    }
    const age = await stat(path).then(
      (info) => Date.now() - info.mtimeMs,
      () => 0,
    )
    if (age > LOCK_STALE_MS) await rm(path, { force: true })
    else await sleep(LOCK_RETRY_MS)
  }
}
