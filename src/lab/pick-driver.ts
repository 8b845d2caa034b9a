import { InputError } from '../core/errors.ts'
import { containerPossible } from './container/daemon.ts'
import { DRIVERS, type Driver, type Possible } from './machine.ts'
import { type Kvm, kvmKnown } from './qemu/kvm.ts'
import { qemuPossible } from './qemu/qemu-driver.ts'
import { umlPossible } from './uml/uml-driver.ts'

/** What is known of this machine without changing or trying anything. */
export interface HostFacts {
  readonly possible: Readonly<Record<Driver, Possible>>
  readonly kvm: Kvm
}

/** A `cluster` needs a kernel of its own; `preparation` does with a container. */
export type Purpose = 'cluster' | 'preparation'

export interface Choice {
  readonly driver: Driver
  readonly why: string
}

export async function probeHost(cacheDir: string): Promise<HostFacts> {
  const [uml, qemu, container, kvm] = await Promise.all([
    umlPossible(),
    qemuPossible(),
    containerPossible(),
    kvmKnown(cacheDir),
  ])
  return { possible: { uml, qemu, container }, kvm }
}

const KVM_WORDS: Readonly<Record<Kvm, string>> = {
  absent: 'there is no KVM',
  untried: 'KVM was not tried yet (starting a qemu machine once tries it)',
  hangs: 'KVM did not boot a guest',
  boots: 'KVM was seen to boot a guest',
}

/**
 * What `auto` means. KVM counts only when it was seen to boot a guest.
 * @throws InputError that says of every driver why not.
 */
export function pickDriver(facts: HostFacts, purpose: Purpose): Choice {
  const { possible, kvm } = facts
  const seen = KVM_WORDS[kvm]
  if (kvm === 'boots' && possible.qemu.ok) return { driver: 'qemu', why: `${seen}: the nearest to real hardware` }
  if (possible.uml.ok) return { driver: 'uml', why: `${seen}; a user-mode kernel runs code at native speed` }
  if (purpose === 'preparation' && possible.container.ok) {
    return {
      driver: 'container',
      why: `${seen}, and ${reason(possible.uml)}; preparing a host needs no kernel of its own`,
    }
  }
  if (possible.qemu.ok)
    return { driver: 'qemu', why: `${seen}, and ${reason(possible.uml)}; emulated, about ten times slower` }
  throw new InputError({
    what: 'no kind of lab machine can run here',
    where: 'this machine',
    why: DRIVERS.map((driver) => `${driver}: ${reason(possible[driver])}`).join('; '),
    fix: DRIVERS.map((driver) => fixOf(possible[driver])).find((fix) => fix !== '') ?? 'use another machine',
  })
}

function reason(possible: Possible): string {
  return possible.ok ? 'it could' : possible.why
}

function fixOf(possible: Possible): string {
  return possible.ok ? '' : (possible.fix ?? '')
}
