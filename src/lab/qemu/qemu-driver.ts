import { readFile } from 'node:fs/promises'
import { arch, userInfo } from 'node:os'
import { join } from 'node:path'
import { ensurePackages } from '../debian/packages.ts'
import { rootRecipe } from '../debian/root.ts'
import { baseDisk } from '../disk/base-disk.ts'
import { copySparse, makeDisk, makeEmptyDisk } from '../disk/machine-disk.ts'
import { hardwareAddress, identityFiles } from '../identity.ts'
import { once } from '../local/once.ts'
import { startDetached, whileStopped } from '../local/process.ts'
import type { DriverPlace, LabDriver, Machine, MachineSpec, Place, Possible } from '../machine.ts'
import { tapOf } from '../network/addresses.ts'
import { ensureTap, insideArgv, mtuLine, networkFiles } from '../network/lan.ts'
import { PLAIN_NETWORK } from '../network/wire.ts'
import { newMachine, onLan, PROCESS_MACHINE } from '../process-machine.ts'
import { emulator, emulatorArgv } from './emulator.ts'
import { type Kvm, proveKvm } from './kvm.ts'

const RUN_PACKAGES = ['iproute2', 'netcat-openbsd', 'openssh-client', 'e2fsprogs']
/** Debian's kernel with few drivers, built for virtual machines; NVMe and netem are among them. */
const KERNEL_PACKAGES = ['linux-image-cloud-amd64', 'initramfs-tools', 'zstd']

/** By label: controllers are probed side by side, so the first disk is not always nvme0. */
const KERNEL_ARGUMENTS = 'root=LABEL=lab-root rw console=ttyS0'

/** Machines with firmware, NVMe disks, Debian's own kernel and as many processors as asked for. */
export function qemuDriver(place: DriverPlace): LabDriver {
  const parts = once(() => prepared(place))
  return {
    ...PROCESS_MACHINE,
    driver: 'qemu',
    possible: qemuPossible,
    prepare: async () => {
      await ensurePackages(RUN_PACKAGES, place.cache.report)
      await parts()
    },
    create: async (spec, at) => create(place, spec, at, await parts()),
    power: async (machine) => power(place, machine, await parts()),
    // Emulation is about ten times slower than hardware, and other work shares the processors.
    bootDeadlineMs: 10 * 60_000,
    console: (machine) => readFile(machine.consoleLog, 'utf8'),
    save: (machine, folder) => whileStopped(machine.process, () => copyDisks(machine, machine.folder, folder)),
    load: (machine, folder) => copyDisks(machine, folder, machine.folder),
  }
}

export async function qemuPossible(): Promise<Possible> {
  if (arch() !== 'x64') return { ok: false, why: `the emulator is fetched for x86-64 machines, this one is ${arch()}` }
  if (userInfo().uid === 0) return { ok: true }
  return { ok: false, why: 'making a network namespace takes root', fix: 'run the same command with sudo' }
}

interface Prepared {
  readonly emulatorRoot: string
  /** Folder with disk.img, vmlinuz and initrd.img. */
  readonly base: string
  readonly kvm: Kvm
}

async function prepared({ cache }: DriverPlace): Promise<Prepared> {
  const emulatorRoot = await emulator(cache)
  const base = await baseDisk(cache, { kind: 'qemu-disk', root: rootRecipe(KERNEL_PACKAGES), boot: true })
  return { emulatorRoot, base, kvm: await proveKvm(cache, emulatorRoot, base) }
}

async function create(place: DriverPlace, spec: MachineSpec, at: Place, { base }: Prepared): Promise<Machine> {
  const tap = tapOf(at.index)
  const { mtu } = spec.network ?? PLAIN_NETWORK
  const files = [...(await identityFiles(spec.name, at)), ...networkFiles('en*', tap.address, mtuLine('qemu', mtu))]
  // Kernel and modules belong together: a machine keeps those it was made with, whatever the cache has later.
  for (const name of ['vmlinuz', 'initrd.img']) await copySparse(join(base, name), join(at.folder, name))
  await makeDisk(join(base, 'disk.img'), join(at.folder, diskName(0)), spec.diskGiB, files)
  for (const [i, size] of (spec.extraDisksGiB ?? []).entries())
    await makeEmptyDisk(join(at.folder, diskName(i + 1)), size)
  return newMachine(spec, at, onLan(place.namespace, at.index))
}

async function power(place: DriverPlace, machine: Machine, { emulatorRoot, kvm }: Prepared): Promise<Machine> {
  const tap = tapOf(machine.index)
  await ensureTap(place.namespace, tap, (machine.spec.network ?? PLAIN_NETWORK).mtu)
  const argv = insideArgv(place.namespace, emulatorArgv(emulatorRoot, machineArguments(machine, tap.interface, kvm)))
  return { ...machine, process: await startDetached(argv, machine.consoleLog, machine.folder) }
}

/** Paths are relative to the machine's folder, since a socket's may not be longer than 107 bytes. */
export function machineArguments(machine: Machine, tap: string, kvm: Kvm): string[] {
  const { spec } = machine
  const address = hardwareAddress(machine)
  const processor = kvm === 'boots' ? ['-accel', 'kvm', '-cpu', 'host'] : ['-accel', 'tcg,thread=multi', '-cpu', 'max']
  const disks = diskNames(spec).flatMap((name, i) => [
    '-drive',
    `file=${name},if=none,id=disk${i},format=raw,discard=unmap`,
    '-device',
    `nvme,drive=disk${i},serial=lab-${i}-${address.replaceAll(':', '')}`,
  ])
  return [
    ...['-M', 'q35', ...processor, '-smp', String(spec.cpus), '-m', String(spec.memoryMiB)],
    ...['-nodefaults', '-no-user-config', '-display', 'none', '-uuid', uuidOf(machine)],
    ...['-kernel', 'vmlinuz', '-initrd', 'initrd.img', '-append', KERNEL_ARGUMENTS],
    ...disks,
    ...['-netdev', `tap,id=lan,ifname=${tap},script=no,downscript=no`],
    ...['-device', `virtio-net-pci,netdev=lan,mac=${address},romfile=`, '-device', 'virtio-rng-pci'],
    ...['-serial', 'stdio', '-qmp', 'unix:qmp.sock,server=on,wait=off'],
  ]
}

/** Firmware's name for the machine, its `product_uuid`. Derived from the hardware address, so it stays. */
function uuidOf(machine: Machine): string {
  return `6c616200-0000-4000-8000-${hardwareAddress(machine).replaceAll(':', '')}`
}

async function copyDisks(machine: Machine, from: string, to: string): Promise<void> {
  for (const name of diskNames(machine.spec)) await copySparse(join(from, name), join(to, name))
}

function diskNames(spec: MachineSpec): string[] {
  return [0, ...(spec.extraDisksGiB ?? []).map((_, i) => i + 1)].map(diskName)
}

function diskName(i: number): string {
  return i === 0 ? 'disk.img' : `disk${i}.img`
}
