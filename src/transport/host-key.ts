import { createHash } from 'node:crypto'

/** `SHA256:…`, as `ssh-keygen -l` prints it. */
export function fingerprint(key: Uint8Array): string {
  return `SHA256:${createHash('sha256').update(key).digest('base64').replace(/=+$/, '')}`
}

/** The type inside a public key blob, e.g. `ssh-ed25519`. */
export function keyType(key: Uint8Array): string {
  const bytes = Buffer.from(key.buffer, key.byteOffset, key.length)
  if (bytes.length < 4) return ''
  const length = bytes.readUInt32BE(0)
  return length > 64 ? '' : bytes.toString('latin1', 4, 4 + length)
}

/** Offered when nothing is known of a host, best first. No SHA-1. */
export const HOST_KEY_ALGORITHMS = [
  'ssh-ed25519',
  'ecdsa-sha2-nistp256',
  'ecdsa-sha2-nistp384',
  'ecdsa-sha2-nistp521',
  'rsa-sha2-512',
  'rsa-sha2-256',
] as const

export type HostKeyAlgorithm = (typeof HOST_KEY_ALGORITHMS)[number]

/** An RSA key is one key with several signature algorithms. */
export const typeOfAlgorithm = (algorithm: HostKeyAlgorithm): string =>
  algorithm.startsWith('rsa-sha2-') ? 'ssh-rsa' : algorithm

/**
 * Algorithms to offer, those of the recorded key types first: a host with several keys would otherwise show one that is
 * not recorded, and look like an impostor.
 */
export function offeredAlgorithms(recordedTypes: readonly string[]): HostKeyAlgorithm[] {
  const recorded = HOST_KEY_ALGORITHMS.filter((algorithm) => recordedTypes.includes(typeOfAlgorithm(algorithm)))
  return [...recorded, ...HOST_KEY_ALGORITHMS.filter((algorithm) => !recorded.includes(algorithm))]
}
