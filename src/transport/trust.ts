import { type Trouble, UnreachableError } from '../core/errors.ts'
import { fingerprint, type HostKeyAlgorithm, keyType, offeredAlgorithms, typeOfAlgorithm } from './host-key.ts'
import { judge, type KnownHost, knownHostsName, recordedTypes } from './known-hosts.ts'
import { addKnownHost, readKnownHosts } from './known-hosts-file.ts'
import { describe, type SshTarget } from './target.ts'

export interface HostKeyQuestion {
  readonly host: string
  readonly address: string
  readonly port: number
  readonly type: string
  readonly fingerprint: string
}

/** Asks a person; false means no. Questions come one at a time. */
export type AskHostKey = (question: HostKeyQuestion) => Promise<boolean>

/** Decides whether a host is who it should be. Nothing is sent to a host before this said yes. */
export class Trust {
  readonly #ask: AskHostKey | undefined
  #line: Promise<unknown> = Promise.resolve()

  constructor(ask?: AskHostKey) {
    this.#ask = ask
  }

  async algorithms(target: SshTarget, avoidKeyTypes: readonly string[] = []): Promise<HostKeyAlgorithm[]> {
    if (isPinned(target))
      return offeredAlgorithms([]).filter((algorithm) => !avoidKeyTypes.includes(typeOfAlgorithm(algorithm)))
    return offeredAlgorithms(recordedTypes(await readKnownHosts(target.knownHostsFiles), nameOf(target)))
  }

  /** @throws UnreachableError that shows both fingerprints and what to do. */
  async check(target: SshTarget, key: Uint8Array): Promise<void> {
    if (isPinned(target)) return checkPinned(target, key)
    if (await this.#isKnown(target, key)) return
    const accepts = target.hostKeyPolicy === 'accept-new'
    if (!accepts && (target.hostKeyPolicy === 'strict' || this.#ask === undefined)) throw unknownKey(target, key)
    await this.#inLine(async () => {
      // Another connection to the same host may have been accepted while we waited in line.
      if (await this.#isKnown(target, key)) return
      if (!accepts && !(await this.#ask?.(questionOf(target, key)))) throw unknownKey(target, key)
      await this.#record(target, key)
    })
  }

  async #isKnown(target: SshTarget, key: Uint8Array): Promise<boolean> {
    const verdict = judge(await readKnownHosts(target.knownHostsFiles), nameOf(target), key)
    if (verdict.kind === 'known') return true
    if (verdict.kind === 'revoked') throw revokedKey(target, key, verdict.entry)
    if (verdict.kind === 'changed') throw changedKey(target, key, verdict.recorded)
    if (verdict.authorities.length > 0 && target.hostKeyPolicy === 'strict')
      throw authorityOnly(target, key, verdict.authorities)
    return false
  }

  async #record(target: SshTarget, key: Uint8Array): Promise<void> {
    const file = target.knownHostsFiles[0]
    if (file !== undefined) await addKnownHost(file, nameOf(target), key)
  }

  #inLine<T>(work: () => Promise<T>): Promise<T> {
    const next = this.#line.then(work)
    this.#line = next.catch(() => undefined)
    return next
  }
}

/** A fingerprint does not say of which type its key is: the host may have the pinned key beside this one. */
export class PinMismatchError extends UnreachableError {
  readonly keyType: string
  constructor(keyType: string, trouble: Trouble) {
    super(trouble)
    this.keyType = keyType
  }
}

const isPinned = (target: SshTarget): boolean => (target.hostKeys ?? []).length > 0

const nameOf = (target: SshTarget): string =>
  target.hostKeyAlias === undefined ? knownHostsName(target.address, target.port) : target.hostKeyAlias.toLowerCase()

function questionOf(target: SshTarget, key: Uint8Array): HostKeyQuestion {
  return {
    host: target.name,
    address: target.address,
    port: target.port,
    type: keyType(key),
    fingerprint: fingerprint(key),
  }
}

function checkPinned(target: SshTarget, key: Uint8Array): void {
  const pins = target.hostKeys ?? []
  const shown = fingerprint(key)
  if (pins.some((pin) => pin.replace(/=+$/, '') === shown)) return
  throw new PinMismatchError(keyType(key), {
    what: `${describe(target)} shows the ${keyType(key)} key ${shown}, but the inventory pins ${pins.join(', ')}`,
    where: target.name,
    why: 'another machine answers at this address, or the host was installed again',
    fix: `compare with \`ssh-keygen -lf /etc/ssh/ssh_host_ed25519_key.pub\` on the host's own console, then correct hostKeys in the inventory`,
  })
}

function unknownKey(target: SshTarget, key: Uint8Array): UnreachableError {
  return new UnreachableError({
    what: `${describe(target)} shows the ${keyType(key)} key ${fingerprint(key)}, which nobody has vouched for yet`,
    where: target.knownHostsFiles[0] ?? target.name,
    why: `no line for ${nameOf(target)} in ${target.knownHostsFiles.join(', ') || 'any known_hosts file'}`,
    fix: 'compare the fingerprint with the one on the host or in its console log, then pin it as hostKeys in the inventory, or run again with --accept-new-host-keys',
  })
}

function changedKey(target: SshTarget, key: Uint8Array, recorded: readonly KnownHost[]): UnreachableError {
  const lines = recorded.map((entry) => `${entry.type} ${fingerprint(entry.key)} (${entry.file}:${entry.line})`)
  const first = recorded[0]
  return new UnreachableError({
    what: `the key of ${describe(target)} has changed: it shows ${keyType(key)} ${fingerprint(key)}, recorded is ${lines.join(', ')}`,
    where: first === undefined ? target.name : `${first.file}:${first.line}`,
    why: 'somebody may be between you and the host; or the host was installed again. Nothing was sent to it',
    fix: `check the fingerprint on the host's own console; only if it is right: ssh-keygen -R '${nameOf(target)}' -f ${first?.file ?? 'known_hosts'}`,
  })
}

function revokedKey(target: SshTarget, key: Uint8Array, entry: KnownHost): UnreachableError {
  return new UnreachableError({
    what: `${describe(target)} shows the ${keyType(key)} key ${fingerprint(key)}, which is marked as revoked`,
    where: `${entry.file}:${entry.line}`,
    why: 'the key was given up, for instance because it leaked; whoever has it can pose as the host',
    fix: 'give the host new keys (ssh-keygen -A after removing /etc/ssh/ssh_host_*), then record those',
  })
}

function authorityOnly(target: SshTarget, key: Uint8Array, authorities: readonly KnownHost[]): UnreachableError {
  const line = authorities.map((entry) => `${entry.file}:${entry.line}`).join(', ')
  return new UnreachableError({
    what: `${describe(target)} can only be verified by a certificate (${line}), and host certificates are not supported`,
    where: line,
    why: `the host shows the plain ${keyType(key)} key ${fingerprint(key)}, and only an authority is recorded for it`,
    fix: `pin ${fingerprint(key)} as hostKeys in the inventory after comparing it with the host's own`,
  })
}
