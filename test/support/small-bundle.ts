import { mkdtempSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import type { Arch, ArtifactFile, ArtifactKind } from '../../src/artifacts/artifact.ts'
import { artifactFile, measureFile } from '../../src/artifacts/artifact-file.ts'
import { writeBundle } from '../../src/artifacts/bundle-writer.ts'
import { neededArtifacts } from '../../src/cli/needed-artifacts.ts'
import { readInventory } from '../../src/inventory/read.ts'

/**
 * Writes a bundle with a few bytes under every name an inventory needs, for both kinds of processor.
 * @param other bytes of these artifacts, by name, instead of the usual ones
 */
export async function writeSmallBundle(
  path: string,
  inventory: string,
  other: Readonly<Record<string, string>> = {},
): Promise<void> {
  const openSecret = async () => ''
  const read = await readInventory(inventory, { set: [], home: '/', openSecret } as never)
  const { programs, images, manifests } = neededArtifacts(read)
  const version = `v${read.kubernetes.version}`
  const folder = mkdtempSync(join(tmpdir(), 'provision-small-'))
  const part =
    (name: string, arch: Arch, kind: ArtifactKind, reference?: string) => async (): Promise<ArtifactFile> => {
      const file = join(folder, `${arch}-${name.replaceAll('/', '_')}`)
      writeFileSync(file, other[name] ?? `${name} for ${arch}`)
      const facts = { name, arch, kind, version, licence: 'Apache-2.0' }
      return artifactFile({ ...facts, ...(reference ? { reference } : {}), ...(await measureFile(file)) }, file)
    }
  try {
    await writeBundle(path, [
      ...manifests.map((name) => part(name, 'any', 'manifest')),
      ...(['amd64', 'arm64'] as const).flatMap((arch) => [
        ...programs.map((name) => part(name, arch, 'binary')),
        ...[...images].map(([name, reference]) => part(name, arch, 'image', reference)),
      ]),
    ])
  } finally {
    rmSync(folder, { recursive: true })
  }
}
