import { rmSync } from 'node:fs'
import { mkdtemp, writeFile } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import type { ArtifactFile, ArtifactKind } from '../../src/artifacts/artifact.ts'
import { artifactFile, measureFile } from '../../src/artifacts/artifact-file.ts'
import { local } from '../../src/transport/local.ts'

/** An artifact of these bytes, in a folder of its own on this machine. */
export async function madeArtifact(
  name: string,
  content: string | Uint8Array,
  kind: ArtifactKind = 'binary',
): Promise<ArtifactFile> {
  const path = join(await folderOfThisRun(), 'file')
  await writeFile(path, content)
  return fromFile(name, path, kind)
}

/** A gzipped tar of files made by a shell script in an empty folder. */
export async function madeArchive(name: string, script: string): Promise<ArtifactFile> {
  const folder = await folderOfThisRun()
  const made = await local(
    ['sh', '-ec', `mkdir in; cd in; ${script}; tar -czf ../file --sort=name --mtime=@0 --owner=1000 --group=1000 *`],
    {
      cwd: folder,
    },
  )
  if (made.code !== 0) throw new Error(made.stderr)
  return fromFile(name, join(folder, 'file'), 'archive')
}

async function folderOfThisRun(): Promise<string> {
  const folder = await mkdtemp(join(tmpdir(), 'provision-artifact-'))
  process.once('exit', () => rmSync(folder, { recursive: true, force: true }))
  return folder
}

async function fromFile(name: string, path: string, kind: ArtifactKind): Promise<ArtifactFile> {
  const measured = await measureFile(path)
  return artifactFile({ name, version: 'v1', arch: 'any', kind, licence: 'Apache-2.0', ...measured }, path)
}
