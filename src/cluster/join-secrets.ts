/**
 * What lets a machine join. Made anew for every run on the operator's machine, known to nobody after it, and of no use soon
 * after: the token for `TOKEN_MINUTES`, the certificates it opens for two hours (kubeadm's own figure).
 */
export interface JoinSecrets {
  /** kubeadm's bootstrap token, `[a-z0-9]{6}.[a-z0-9]{16}`. Its first part is public. */
  readonly token: string
  /** Encrypts the certificates that further control planes fetch: 32 bytes in hexadecimal digits (AES-256). */
  readonly certificateKey: string
}

export const TOKEN_MINUTES = 30

const ALPHABET = 'abcdefghijklmnopqrstuvwxyz0123456789'

/** `bytes` gives that many bytes nobody can guess. */
export function makeJoinSecrets(bytes: (count: number) => Uint8Array): JoinSecrets {
  return {
    token: `${word(6, bytes)}.${word(16, bytes)}`,
    certificateKey: Buffer.from(bytes(32)).toString('hex'),
  }
}

/** Of each byte what is evenly spread over 36 letters and digits; the few bytes that are not are drawn again. */
function word(length: number, bytes: (count: number) => Uint8Array): string {
  let text = ''
  while (text.length < length) {
    for (const byte of bytes(length - text.length)) {
      if (byte < 252) text += ALPHABET.charAt(byte % 36)
    }
  }
  return text
}
