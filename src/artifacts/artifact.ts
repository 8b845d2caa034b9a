import { z } from 'zod'

/** Processor names as Go, Kubernetes and container images spell them; `any` for text. */
export const ARCHES = ['amd64', 'arm64', 'any'] as const
export type Arch = (typeof ARCHES)[number]

export const ARTIFACT_KINDS = ['binary', 'archive', 'image', 'manifest'] as const
export type ArtifactKind = (typeof ARTIFACT_KINDS)[number]

const singleLine = z
  .string()
  .min(1)
  .max(512)
  .regex(/^[^\p{Cc}]+$/u, 'must be one line without control characters')

export const artifactSchema = z.strictObject({
  name: z
    .string()
    .max(128)
    .regex(
      /^[a-z0-9][a-z0-9._-]*(\/[a-z0-9][a-z0-9._-]*)*$/,
      'must be lower case words, for example `kubelet` or `cni/bridge`',
    ),
  /** As upstream writes it, e.g. `v1.36.3`. For an image: its tag. */
  version: singleLine,
  arch: z.enum(ARCHES),
  kind: z.enum(ARTIFACT_KINDS),
  sha256: z.string().regex(/^[0-9a-f]{64}$/, 'must be 64 lower-case hexadecimal digits'),
  /** Bytes. */
  size: z.int().positive(),
  /** SPDX expression. */
  licence: singleLine,
  /** Images only: the full name a container runtime knows it by, e.g. `registry.k8s.io/pause:3.10.2`. */
  reference: z.exactOptional(singleLine),
  /** Where the bytes really came from when they are not upstream's own release. */
  builtFrom: z.exactOptional(singleLine),
})

/** Something a host receives that we did not write: a binary, an archive, container images, a manifest. */
export type Artifact = Readonly<z.infer<typeof artifactSchema>>

/** An artifact and where its bytes lie on this machine. */
export interface ArtifactFile {
  readonly artifact: Artifact
  /** Absolute path. */
  readonly path: string
  /**
   * Reads the bytes and checks them against the digest on the way.
   * @throws FailedError after the last byte when the digest or the size is not the one of the artifact.
   */
  open(): AsyncIterable<Uint8Array>
}
