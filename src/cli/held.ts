import type { Arch } from '../artifacts/artifact.ts'
import { offerDigest } from '../artifacts/offer.ts'
import type { Supply } from '../artifacts/source.ts'
import { InputError, UnreachableError } from '../core/errors.ts'
import type { Connect } from '../core/host.ts'
import type { Host } from '../inventory/inventory.ts'
import { PinMismatchError } from '../transport/trust.ts'
import type { LockFile } from './lock-file.ts'

/** A supply that gives nothing but what a lock file names. @throws InputError naming both digests */
export function heldSupply(supply: Supply, file: LockFile): Supply {
  return {
    async artifact(name, arch) {
      const found = await supply.artifact(name, arch)
      hold(file, { name, arch: found.artifact.arch, sha256: found.artifact.sha256 })
      return found
    },
    async offers(name) {
      const offers = await supply.offers(name)
      for (const offer of offers) hold(file, { name, arch: offer.arch, sha256: offerDigest(offer) })
      return offers
    },
  }
}

interface Found {
  readonly name: string
  readonly arch: Arch
  readonly sha256: string
}

function hold({ path, lock }: LockFile, { name, arch, sha256 }: Found): void {
  const held = lock.artifacts[name]?.sha256[arch]
  if (held === sha256) return
  throw new InputError({
    what:
      held === undefined
        ? `${name} for ${arch} (sha256 ${sha256}) is not in the lock file ${path}`
        : `${name} for ${arch} has sha256 ${sha256}, and the lock file ${path} says ${held}`,
    where: path,
    why: `the inventory, its source (${lock.source} when it was locked), or provision itself has changed since`,
    fix: 'see what changes, and whether you want it: provision lock INVENTORY --update',
  })
}

/** Digest an image is held to. @throws InputError for one the lock file does not name */
export function heldImage({ path, lock }: LockFile, reference: string): string {
  const held = lock.images[reference]
  if (held !== undefined) return held
  throw new InputError({
    what: `the image ${reference} is not in the lock file ${path}`,
    where: path,
    why: 'the inventory, or provision itself, has changed since it was made',
    fix: 'see what changes, and whether you want it: provision lock INVENTORY --update',
  })
}

/** The host with the keys it is held to, besides those its inventory pins. @throws InputError */
export function heldHost(host: Host, file: LockFile | undefined): Host {
  if (file === undefined) return host
  const held = file.lock.hosts[host.name]
  const where = file.path
  const fix = 'make sure it is the machine you mean, then: provision lock INVENTORY --update'
  if (held === undefined) throw new InputError({ what: `${host.name} is not in the lock file ${where}`, where, fix })
  const pinned = host.ssh.hostKeys
  const both = pinned === undefined ? held : held.filter((key) => pinned.includes(key))
  if (both.length > 0) return { ...host, ssh: { ...host.ssh, hostKeys: both } }
  const what = `${host.name} has the host key ${held.join(', ')} in the lock file ${where}, and the inventory pins ${pinned?.join(', ')}`
  throw new InputError({ what, where, fix })
}

/** Who shows another key than the lock file says is told of that file. */
export function heldConnect(connect: Connect, file: LockFile | undefined): Connect {
  if (file === undefined) return connect
  return async (host, signal) => {
    try {
      return await connect(host, signal)
    } catch (error) {
      if (!(error instanceof PinMismatchError)) throw error
      const { what, why } = error.trouble
      const trouble = {
        what: what.replace('the inventory pins', `the lock file ${file.path} says`),
        where: file.path,
        ...(why === undefined ? {} : { why }),
        fix: "compare it with the key on the host's own console; only if it is right: provision lock INVENTORY --update",
      }
      throw new UnreachableError(trouble, { cause: error })
    }
  }
}
