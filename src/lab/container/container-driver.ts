import { createWriteStream } from 'node:fs'
import { readFile, rm, writeFile } from 'node:fs/promises'
import { join } from 'node:path'
import { pipeline } from 'node:stream/promises'
import { pack } from 'tar-stream'
import { ensurePackages } from '../debian/packages.ts'
import type { InjectedFile } from '../disk/machine-disk.ts'
import { identityFiles } from '../identity.ts'
import { command, must } from '../local/command.ts'
import { once } from '../local/once.ts'
import type { DriverPlace, LabDriver, Machine, MachineSpec, Place } from '../machine.ts'
import { newMachine } from '../process-machine.ts'
import { containerPossible, endDaemon, ensureDaemon } from './daemon.ts'
import { type ContainerShape, containerShape, createFlags } from './image.ts'

const docker = { deadlineMs: 120_000 } as const
/** Marks all we make, so that nothing else is ever removed. Its value is the lab's namespace. */
const LABEL = 'provision.lab'

/** Debian with systemd and sshd in a container: for preparing hosts only, never for a kubelet. */
export function containerDriver(place: DriverPlace): LabDriver {
  const { cache } = place
  const shape = once(() => containerShape(cache))
  return {
    driver: 'container',
    possible: containerPossible,
    prepare: async () => {
      await ensurePackages(['openssh-client'], cache.report)
      await shape()
    },
    create: async (spec, at) => create(place, spec, at, await shape()),
    power: (machine) => power(place, machine),
    bootDeadlineMs: 60_000,
    console: (machine) => logs(machine),
    isRunning: async (machine) => (await inspect(machine, '{{.State.Running}}')) === 'true',
    stop: async (machine) => {
      if ((await inspect(machine, '{{.State.Running}}')) === 'true')
        await must(['docker', 'kill', idOf(machine)], docker)
    },
    save: (machine, folder) => save(place, machine, folder),
    load: async (machine, folder) => {
      const image = (await readFile(join(folder, 'image'), 'utf8')).trim()
      await must(['docker', 'rm', '--force', idOf(machine)], docker)
      await createContainer(place, machine.spec, { ...(await shape()), image })
    },
    remove: (machine) => removeContainer(machine),
    close: () => close(place),
  }
}

async function create(place: DriverPlace, spec: MachineSpec, at: Place, shape: ContainerShape): Promise<Machine> {
  await ensureNetwork(place.namespace)
  const id = containerName(place, spec)
  await command(['docker', 'rm', '--force', id], docker) // of a run that was killed before it noted the machine down
  await createContainer(place, spec, shape)
  await copyInto(id, at.folder, await identityFiles(spec.name, at))
  return newMachine(spec, at, { address: '', container: id })
}

async function createContainer(place: DriverPlace, spec: MachineSpec, shape: ContainerShape): Promise<void> {
  const own = ['--name', containerName(place, spec), '--hostname', spec.name, '--label', `${LABEL}=${place.namespace}`]
  const limits = ['--memory', `${spec.memoryMiB}m`, '--network', place.namespace]
  await must(['docker', 'create', ...own, ...limits, ...createFlags(shape), shape.image, ...shape.command], docker)
}

async function power(place: DriverPlace, machine: Machine): Promise<Machine> {
  await ensureDaemon(place.cache)
  await must(['docker', 'start', idOf(machine)], docker)
  // The daemon gives the address when the container starts; another one may have it by now.
  return { ...machine, address: await inspect(machine, '{{range .NetworkSettings.Networks}}{{.IPAddress}}{{end}}') }
}

/** Also written to the machine's console log, where one looks for it. */
async function logs(machine: Machine): Promise<string> {
  const { stdout, stderr } = await command(['docker', 'logs', idOf(machine)], docker)
  await writeFile(machine.consoleLog, stdout + stderr)
  return stdout + stderr
}

const networks = new Map<string, Promise<void>>()

/** Machines are made side by side, and the daemon would make as many networks of one name. */
function ensureNetwork(namespace: string): Promise<void> {
  const going = networks.get(namespace) ?? makeNetwork(namespace).finally(() => networks.delete(namespace))
  networks.set(namespace, going)
  return going
}

/** No route leads out of an internal network; this machine reaches the containers in it. */
async function makeNetwork(namespace: string): Promise<void> {
  const present = await command(['docker', 'network', 'inspect', namespace], docker)
  if (present.code === 0) return
  await must(['docker', 'network', 'create', '--internal', '--label', `${LABEL}=${namespace}`, namespace], docker)
}

/** Copies files into a container that has not run yet, with owners and modes. */
async function copyInto(id: string, folder: string, files: readonly InjectedFile[]): Promise<void> {
  const archive = join(folder, 'identity.tar')
  const tar = pack()
  // Docker writes these three itself whenever the container starts.
  const mounted = new Set(['/etc/hostname', '/etc/hosts', '/etc/resolv.conf'])
  for (const { path, content, mode, uid = 0, gid = 0 } of files.filter((file) => !mounted.has(file.path))) {
    tar.entry({ name: path.slice(1), mode, uid, gid }, content)
  }
  tar.finalize()
  await pipeline(tar, createWriteStream(archive, { mode: 0o600 }))
  await must(['sh', '-c', 'docker cp --archive - "$1:/" < "$2"', 'sh', id, archive], docker)
  await rm(archive)
}

/** The file system as an image; what was in memory is lost, as with a power cut. */
async function save(place: DriverPlace, machine: Machine, folder: string): Promise<void> {
  const label = `LABEL ${LABEL}=${place.namespace}`
  const image = await must(['docker', 'commit', '--pause', '--change', label, idOf(machine)], docker)
  await writeFile(join(folder, 'image'), image)
}

async function removeContainer(machine: Machine): Promise<void> {
  const present = await inspect(machine, '{{.Id}}')
  if (present !== '') await must(['docker', 'rm', '--force', '--volumes', idOf(machine)], docker)
}

/** Removes all that has the lab's label, also what a killed run had no time to note down. */
async function close(place: DriverPlace): Promise<void> {
  const ours = ['--filter', `label=${LABEL}=${place.namespace}`, '--quiet']
  const listed = await command(['docker', 'ps', '--all', ...ours], docker).catch(() => undefined)
  if (listed?.code !== 0) return // no daemon, so nothing of ours runs
  await removeAll(['rm', '--force', '--volumes'], listed.stdout)
  await removeAll(['image', 'rm', '--force'], await must(['docker', 'image', 'ls', ...ours], docker))
  await removeAll(['network', 'rm'], await must(['docker', 'network', 'ls', ...ours], docker))
  await endDaemon(place.cache)
}

async function removeAll(verb: readonly string[], ids: string): Promise<void> {
  const list = [...new Set(ids.split('\n').filter(Boolean))]
  if (list.length > 0) await must(['docker', ...verb, ...list], docker)
}

/** A field of the container, empty when there is none such. */
async function inspect(machine: Machine, format: string): Promise<string> {
  const argv = ['docker', 'container', 'inspect', '--format', format, idOf(machine)]
  const result = await command(argv, docker).catch(() => undefined)
  return result?.code === 0 ? result.stdout.trim() : ''
}

function containerName(place: DriverPlace, spec: MachineSpec): string {
  return `${place.namespace}-${spec.name}`
}

function idOf(machine: Machine): string {
  return machine.container ?? ''
}
