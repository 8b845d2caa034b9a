import { readFile } from 'node:fs/promises'
import type { ArtifactFile } from '../artifacts/artifact.ts'
import type { Supply } from '../artifacts/source.ts'
import type { Artifacts } from '../cluster/node.ts'
import { Value } from '../core/value.ts'

/**
 * A supply as playbooks see it: one value for each artifact, asked for once however many hosts want it.
 * `pulls` is true where hosts take their images from registries.
 */
export function nodeArtifacts(
  supply: Supply,
  { label, pulls }: { readonly label: string; readonly pulls: boolean },
): Artifacts {
  const files = new Map<string, Value<ArtifactFile>>()
  const texts = new Map<string, Value<string>>()
  const program = (name: string) => remembered(files, name, () => new Value(`${label}: ${name}`, supply.artifact(name)))
  return {
    program,
    image: (name) => (pulls ? 'pull' : program(name)),
    manifest: (name) =>
      remembered(
        texts,
        name,
        () =>
          new Value(
            `${label}: ${name}`,
            supply.artifact(name).then(({ path }) => readFile(path, 'utf8')),
          ),
      ),
  }
}

function remembered<T>(known: Map<string, T>, name: string, make: () => T): T {
  const value = known.get(name) ?? make()
  known.set(name, value)
  return value
}
