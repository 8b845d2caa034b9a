import { parseAllDocuments } from 'yaml'
import { InputError } from '../core/errors.ts'
import type { KubeObject } from '../facts/kube-object.ts'

/** A change of ours to an upstream object. */
export type Patch = (object: KubeObject) => KubeObject

/**
 * Upstream's manifest, changed by `patches` only, each for the object it names: `DaemonSet speaker`.
 * @throws InputError when the text is not a manifest that has all of them; `what` names it.
 */
export function patchedManifest(
  what: string,
  manifest: string,
  patches: Readonly<Record<string, Patch>>,
): readonly KubeObject[] {
  const documents = parseAllDocuments(manifest)
  if (!Array.isArray(documents)) throw wrongManifest(what, 'it is empty')
  const objects = documents.map((document) => document.toJS() as KubeObject | null).filter((object) => object !== null)
  const missing = Object.keys(patches).find((name) => !objects.some((object) => nameOf(object) === name))
  if (missing !== undefined) throw wrongManifest(what, `it has no ${missing}`)
  return objects.map((object) => patches[nameOf(object)]?.(object) ?? object)
}

function nameOf({ kind, metadata }: KubeObject): string {
  return `${kind} ${metadata.name}`
}

function wrongManifest(what: string, why: string): InputError {
  return new InputError({
    what: `the ${what} manifest is not one this version can adapt: ${why}`,
    fix: `use the manifest of the ${what} version in the catalog (\`provision version --json\`)`,
  })
}
