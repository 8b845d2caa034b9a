import { mkdtemp, rename, rm, writeFile } from 'node:fs/promises'
import { join } from 'node:path'
import { FailedError } from '../../core/errors.ts'
import { command, must } from '../local/command.ts'

/** A file to put into a file system nobody has mounted. The folder it goes to must be there. */
export interface InjectedFile {
  readonly path: string
  readonly content: string
  /** Permission bits. */
  readonly mode: number
  readonly uid?: number
  readonly gid?: number
}

const DISK_DEADLINE_MS = 10 * 60_000

/** Copies the base disk, grows it and puts the machine's own files in. Holes stay holes. */
export async function makeDisk(
  base: string,
  target: string,
  sizeGiB: number,
  files: readonly InjectedFile[],
): Promise<void> {
  const options = { deadlineMs: DISK_DEADLINE_MS }
  const part = `${target}.part`
  await copySparse(base, part)
  await must(['truncate', `--size=${sizeGiB}G`, part], options)
  await must(['resize2fs', '-f', part], options)
  await inject(part, files)
  await rename(part, target)
}

/** Copies a file with its holes and renames it into place: a killed run leaves the old file, not half of the new. */
export async function copySparse(from: string, to: string): Promise<void> {
  const part = `${to}.copy`
  await must(['cp', '--reflink=auto', '--sparse=always', '--', from, part], { deadlineMs: DISK_DEADLINE_MS })
  await rename(part, to)
}

/** Writes files with debugfs, which changes a file system without a mount, so without any right beyond the image file. */
async function inject(disk: string, files: readonly InjectedFile[]): Promise<void> {
  const stage = await mkdtemp(`${disk}.files-`)
  try {
    const lines: string[] = []
    for (const [i, file] of files.entries()) {
      const source = join(stage, String(i))
      await writeFile(source, file.content, { mode: 0o600 })
      lines.push(`rm ${file.path}`, `write ${source} ${file.path}`)
      for (const [field, value] of Object.entries(inodeFields(file))) lines.push(`sif ${file.path} ${field} ${value}`)
    }
    await debugfs(disk, join(stage, 'commands'), lines)
  } finally {
    await rm(stage, { recursive: true, force: true })
  }
}

function inodeFields(file: InjectedFile): Record<string, string> {
  const regular = 0o100000
  return { mode: `0${(regular | file.mode).toString(8)}`, uid: String(file.uid ?? 0), gid: String(file.gid ?? 0) }
}

/** debugfs ends with 0 whatever happened: its complaints on standard error are the only sign. `rm` may find nothing. */
async function debugfs(disk: string, script: string, lines: readonly string[]): Promise<void> {
  await writeFile(script, `${lines.join('\n')}\n`)
  const { stderr } = await command(['debugfs', '-w', '-f', script, disk], { deadlineMs: DISK_DEADLINE_MS })
  const complaints = stderr.split('\n').filter((line) => line !== '' && !/^(debugfs \d|rm:)/.test(line))
  if (complaints.length === 0) return
  throw new FailedError({ what: `cannot write into ${disk}`, where: 'this machine', why: complaints.join('\n') })
}

/** An empty disk that takes room only where it is written. */
export async function makeEmptyDisk(path: string, sizeGiB: number): Promise<void> {
  await must(['truncate', `--size=${sizeGiB}G`, path], { deadlineMs: 10_000 })
}
