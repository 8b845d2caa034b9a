import type { Value } from '../core/value.ts'
import type { Arch, Artifact, ArtifactFile } from './artifact.ts'

/** A file a host may receive, for one kind of processor: from this machine, or from a place the host can download from. */
export type Offer =
  | { readonly arch: Arch; readonly file: ArtifactFile; readonly download?: never }
  | { readonly arch: Arch; readonly download: HostDownload; readonly file?: never }

/** Something upstream publishes at an address. Its digest is known before anybody fetched it. */
export interface HostDownload extends Pick<Artifact, 'name' | 'version' | 'arch' | 'sha256'> {
  readonly url: string
  /** Path of the wanted file inside, where the download is a `.tar.gz`; `sha256` is the archive's. */
  readonly member?: string
  /** The same bytes on this machine, for hosts that cannot fetch them. Nothing is downloaded before somebody waits for it. */
  readonly here: Value<ArtifactFile>
}

/** Digest by which an offer is known: of the file, or of the download it comes in. */
export function offerDigest({ file, download }: Offer): string {
  return file ? file.artifact.sha256 : download.sha256
}
