import type { Driver } from './machine.ts'

/** A requirement of `provision check` that a lab machine cannot help to miss. Its inventory accepts it by this id. */
export interface Deviation {
  readonly id: string
  readonly why: string
}

const NO_KVM: Deviation = { id: 'kvm-device', why: 'there is no /dev/kvm in it' }
const NO_CLOCK: Deviation = {
  id: 'time-sync',
  why: 'nothing leads out of the lab to a time server; it shares our clock',
}
const BUSY: Deviation = { id: 'etcd-fsync', why: 'its disk is a file on a machine that may be busy' }

/** Documentation as data: nothing here changes what is judged. */
export const DEVIATIONS: Readonly<Record<Driver, readonly Deviation[]>> = {
  uml: [
    { id: 'virtualisation', why: 'a user-mode kernel is neither KVM nor bare metal' },
    { id: 'cpu-count', why: 'the user-mode kernel has one processor: its tap driver panics with more' },
    { id: 'x86-64-level', why: 'the user-mode kernel does not print every flag of the processor' },
    { id: 'nvme-etcd', why: 'its disks are files behind the ubd driver' },
    { id: 'cgroup', why: 'the cpuset controller needs a second processor' },
    { id: 'kernel-config', why: 'CONFIG_CPUSETS needs a second processor' },
    NO_KVM,
    NO_CLOCK,
    BUSY,
  ],
  qemu: [{ id: 'virtualisation', why: 'emulated where KVM was not seen to boot a guest' }, NO_KVM, NO_CLOCK, BUSY],
  container: [
    { id: 'virtualisation', why: 'a container is no machine' },
    { id: 'kernel-version', why: 'its kernel is the one of this machine' },
    { id: 'kernel-modules', why: 'its kernel is the one of this machine' },
    { id: 'kernel-config', why: 'its kernel is the one of this machine' },
    { id: 'cgroup', why: 'its cgroup tree is the one of this machine' },
    { id: 'swap', why: 'swap belongs to this machine' },
    { id: 'nvme-etcd', why: 'its root is a layered file system' },
    NO_KVM,
    NO_CLOCK,
    BUSY,
  ],
}
