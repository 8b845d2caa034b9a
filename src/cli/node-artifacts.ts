import type { ArtifactFile } from '../artifacts/artifact.ts'
import type { Offer } from '../artifacts/offer.ts'
import type { Supply } from '../artifacts/source.ts'
import type { Artifacts, ImagePull } from '../cluster/node.ts'
import { Value } from '../core/value.ts'
import { hostArch } from '../lab/bundle/make-image.ts'

export interface NodeArtifactsOptions {
  /** What it is, before the name of what is awaited. */
  readonly label: string
  /** Hosts take their images from registries. */
  readonly pulls: boolean
  /** What an image by this name is held to. @throws InputError */
  readonly digest: (reference: string) => string | undefined
}

/**
 * A supply as playbooks see it: one value for each artifact, asked for once however many hosts want it.
 */
export function nodeArtifacts(supply: Supply, { label, pulls, digest }: NodeArtifactsOptions): Artifacts {
  const offers = new Map<string, Value<readonly Offer[]>>()
  const texts = new Map<string, Value<string>>()
  const program = (name: string) => remembered(offers, name, () => new Value(`${label}: ${name}`, supply.offers(name)))
  return {
    program,
    image: (name, reference) => (pulls ? pullOf(digest(reference)) : program(name)),
    manifest: (name) =>
      remembered(texts, name, () => new Value(`${label}: ${name}`, supply.artifact(name).then(textOf))),
    rendered: (chart, release) =>
      remembered(texts, JSON.stringify([chart, release]), () => {
        const files = Promise.all([supply.artifact('helm', hostArch()), supply.artifact(chart)])
        return new Value(
          `${label}: ${chart}`,
          files.then(async ([helm, archive]) => {
            // Most runs render nothing, and start without what does it.
            const { renderedChart } = await import('./rendered-chart.ts')
            return renderedChart(helm, archive, release)
          }),
        )
      }),
  }
}

function remembered<T>(known: Map<string, T>, name: string, make: () => T): T {
  const value = known.get(name) ?? make()
  known.set(name, value)
  return value
}

function pullOf(digest: string | undefined): ImagePull {
  return digest === undefined ? {} : { digest }
}

/** Through its own door: it may lie inside a tar, and nothing of it counts before its digest is right. */
async function textOf(file: ArtifactFile): Promise<string> {
  const chunks: Uint8Array[] = []
  for await (const chunk of file.open()) chunks.push(chunk)
  return Buffer.concat(chunks).toString('utf8')
}
