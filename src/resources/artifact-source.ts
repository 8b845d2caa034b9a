import type { Arch, Artifact, ArtifactFile } from '../artifacts/artifact.ts'
import { artifactBlob } from '../artifacts/artifact-file.ts'
import { STAGE } from '../core/host.ts'
import { quote } from '../core/quote.ts'
import type { Step } from '../core/step.ts'
import { downloadStep } from './download-step.ts'

/** Where the bytes of an artifact come from: this machine, through SSH; or somewhere the host downloads from by itself. */
export type ArtifactSource =
  | { readonly artifact: ArtifactFile; readonly from?: never }
  | { readonly artifact: Artifact; readonly from: Download }

export interface Download {
  /** Tried in this order until one gives the right bytes. `http`, `https` or `file`. */
  readonly urls: readonly string[]
}

export function artifactOf(source: ArtifactSource): Artifact {
  return source.from === undefined ? source.artifact.artifact : source.artifact
}

/** How a person calls it: `kubelet v1.36.3 for arm64 (sha256 57205a5daf58)`. */
export function describeArtifact(source: ArtifactSource): string {
  const { name, version, sha256, arch } = artifactOf(source)
  return `${name} ${version}${forArch(arch)} (sha256 ${sha256.slice(0, 12)})`
}

/** For which processor, where that matters. */
export function forArch(arch: Arch): string {
  return arch === 'any' ? '' : ` for ${arch}`
}

/** Shell that sets `src` to the path of the bytes on the host, and what a step needs for it. */
export function sourceBytes(source: ArtifactSource): Pick<Step, 'blobs' | 'body'> {
  const { sha256 } = artifactOf(source)
  if (source.from === undefined) return { body: `src=$(blob ${sha256})`, blobs: [artifactBlob(source.artifact)] }
  return { body: `src=${quote(`${STAGE.disk}/${sha256}`)}` }
}

/** Shell that lets go of bytes the host downloaded: once in place they are not needed twice. Uploaded ones belong to the run. */
export function dropBytes(source: ArtifactSource): string {
  return source.from === undefined ? ':' : 'rm -f -- "$src"'
}

/** The step that makes the host download, or none. Nothing is looked at before its digest is right. */
export function downloadSteps(source: ArtifactSource): readonly Step[] {
  return source.from === undefined ? [] : [downloadStep(source.artifact, source.from.urls)]
}
