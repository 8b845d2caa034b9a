/**
 * What upstreams publish for download, with the digests they publish beside it (collected by kubespray, commit 46dbdd3994b3 of
 * 2026-08-21, `checksums.yml`, Apache-2.0). `path` begins with the host: a mirror has the same layout below its own URL.
 */
export interface Download {
  /** Of each artifact that comes out of it: name, and its path inside when the download is an archive. */
  readonly holds: Readonly<Record<string, string>>
  readonly version: string
  readonly arch: 'amd64' | 'arm64' | 'any'
  readonly format: 'binary' | 'tar.gz' | 'text'
  readonly path: string
  /** Of the download as it is. */
  readonly sha256: string
  /** SPDX expression. */
  readonly licence: string
}
