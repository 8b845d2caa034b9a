import type { Artifact } from '../../src/artifacts/artifact.ts'
import { artifactFile } from '../../src/artifacts/artifact-file.ts'
import { type ArchiveWant, archive } from '../../src/resources/archive.ts'
import { type BinaryWant, binary } from '../../src/resources/binary.ts'
import { type ImageInput, image } from '../../src/resources/image.ts'

const ARTIFACT: Artifact = {
  name: 'tool',
  version: 'v1',
  arch: 'amd64',
  kind: 'binary',
  sha256: 'a'.repeat(64),
  size: 1000,
  licence: 'Apache-2.0',
}
const from = { urls: ['https://example.org/tool'] }

/** Makers of resources whose want holds an artifact: the cases leave it out, it is always the same one. */
export const ARTIFACT_MAKERS = {
  archive: (want: Omit<ArchiveWant, 'artifact' | 'from'>) => archive({ ...want, artifact: ARTIFACT, from }),
  binary: (want: Omit<BinaryWant, 'artifact' | 'from'>) => binary({ ...want, artifact: ARTIFACT, from }),
  image: (want: { name: string; pull?: { digest?: string } }) =>
    image((want.pull ? want : { ...want, artifact: artifactFile(ARTIFACT, '/nowhere') }) as ImageInput),
}
