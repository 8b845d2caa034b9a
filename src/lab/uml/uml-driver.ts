import { access, constants, readFile, writeFile } from 'node:fs/promises'
import { arch, userInfo } from 'node:os'
import { join } from 'node:path'
import { ensurePackages } from '../debian/packages.ts'
import { rootArchive, rootRecipe } from '../debian/root.ts'
import { baseDisk } from '../disk/base-disk.ts'
import { copySparse, makeDisk } from '../disk/machine-disk.ts'
import { hardwareAddress, identityFiles } from '../identity.ts'
import { once } from '../local/once.ts'
import { startDetached, whileStopped } from '../local/process.ts'
import type { DriverPlace, LabDriver, Machine, MachineSpec, Place, Possible } from '../machine.ts'
import { SHARED } from '../memory.ts'
import { tapOf } from '../network/addresses.ts'
import { ensureTap, insideArgv, mtuLine, networkFiles } from '../network/lan.ts'
import { PLAIN_MTU, PLAIN_NETWORK } from '../network/wire.ts'
import { newMachine, onLan, PROCESS_MACHINE } from '../process-machine.ts'
import { KERNEL_RECIPE, umlKernel } from './kernel.ts'

const RUN_PACKAGES = ['iproute2', 'netcat-openbsd', 'openssh-client', 'e2fsprogs']

/** Machines whose kernel is an ordinary process: native speed, one processor, no hardware of their own. */
export function umlDriver(place: DriverPlace): LabDriver {
  const parts = once(() => prepared(place))
  return {
    ...PROCESS_MACHINE,
    driver: 'uml',
    possible: umlPossible,
    prepare: async () => {
      await ensurePackages(RUN_PACKAGES, place.cache.report)
      await parts()
    },
    create: async (spec, at) => create(place, spec, at, await parts()),
    power: (machine) => power(place, machine),
    bootDeadlineMs: 120_000,
    console: (machine) => readFile(machine.consoleLog, 'utf8'),
    save: (machine, folder) =>
      whileStopped(machine.process, () => copySparse(diskOf(machine), join(folder, 'disk.img'))),
    load: (machine, folder) => copySparse(join(folder, 'disk.img'), diskOf(machine)),
  }
}

interface Parts {
  readonly program: string
  /** Disk image all machines are copied from. */
  readonly disk: string
}

async function prepared({ cache }: DriverPlace): Promise<Parts> {
  // Compiling takes the processors, installing waits for the network: side by side.
  const [kernel] = await Promise.all([umlKernel(cache), rootArchive(cache, rootRecipe())])
  const folder = await baseDisk(cache, {
    kind: 'uml-disk',
    root: rootRecipe(),
    modules: { recipe: KERNEL_RECIPE, archive: kernel.modules, version: kernel.version },
    boot: false,
  })
  return { program: kernel.program, disk: join(folder, 'disk.img') }
}

export async function umlPossible(): Promise<Possible> {
  if (arch() !== 'x64') return { ok: false, why: `user-mode Linux needs an x86-64 machine, this one is ${arch()}` }
  if (userInfo().uid !== 0) {
    return { ok: false, why: 'making a network namespace takes root', fix: 'run the same command with sudo' }
  }
  const tun = await access('/dev/net/tun', constants.R_OK | constants.W_OK).then(
    () => true,
    () => false,
  )
  if (!tun) return { ok: false, why: 'there is no /dev/net/tun to make tap interfaces with', fix: 'modprobe tun' }
  return { ok: true }
}

async function create(place: DriverPlace, spec: MachineSpec, at: Place, { program, disk }: Parts): Promise<Machine> {
  const tap = tapOf(at.index)
  const { mtu } = spec.network ?? PLAIN_NETWORK
  const files = [...(await identityFiles(spec.name, at)), ...networkFiles('vec0', tap.address, mtuLine('uml', mtu))]
  const machine = newMachine(spec, at, onLan(place.namespace, at.index))
  // Kernel and modules belong together: a machine keeps the kernel it was made with, whatever the cache has later.
  await copySparse(program, kernelOf(machine))
  await writeFile(launcherOf(machine), LAUNCHER, { mode: 0o700 })
  await makeDisk(disk, diskOf(machine), spec.diskGiB, files)
  return machine
}

async function power(place: DriverPlace, machine: Machine): Promise<Machine> {
  const tap = tapOf(machine.index)
  await ensureTap(place.namespace, tap, (machine.spec.network ?? PLAIN_NETWORK).mtu)
  const program = ['env', `TMPDIR=${SHARED}`, launcherOf(machine)]
  const argv = insideArgv(place.namespace, [...program, ...kernelArguments(machine, tap.interface)])
  return { ...machine, process: await startDetached(argv, machine.consoleLog, machine.folder) }
}

/** Command line of the kernel. Paths are relative to the machine's folder: ubd reads commas and colons in them as its own. */
export function kernelArguments(machine: Machine, tap: string): string[] {
  const { mtu } = machine.spec.network ?? PLAIN_NETWORK
  // Once the machine runs the card takes no more than this and 1500.
  const large = mtu > PLAIN_MTU ? `,mtu=${mtu}` : ''
  return [
    'ubd0=disk.img',
    'root=/dev/ubda',
    'rw',
    `mem=${machine.spec.memoryMiB}M`,
    'uml_dir=.',
    'umid=uml',
    'seccomp=on',
    'con=null',
    'con0=null,fd:1',
    `vec0:transport=tap,ifname=${tap},gro=1,mac=${hardwareAddress(machine)}${large}`,
    `systemd.hostname=${machine.name}`,
  ]
}

/**
 * On `reboot` the kernel executes its own argv[0] anew, with all its files still open: the tap would be busy and the old
 * memory never given back. So argv[0] is this script, which closes them first. bash, because dash knows no descriptor
 * above 9 and cannot set argv[0].
 */
const LAUNCHER = `#!/bin/bash
for path in /proc/$$/fd/*; do
  fd=\${path##*/}
  if [ "$fd" -gt 2 ] && [ "$fd" -ne 255 ]; then eval "exec $fd>&-"; fi
done 2>/dev/null
exec -a "$0" "\${0%/*}/linux" "$@"
`

function launcherOf(machine: Machine): string {
  return join(machine.folder, 'launch')
}

function kernelOf(machine: Machine): string {
  return join(machine.folder, 'linux')
}

function diskOf(machine: Machine): string {
  return join(machine.folder, 'disk.img')
}
