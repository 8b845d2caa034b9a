import type { Command } from 'commander'
import { EXIT, type ExitCode, InputError } from '../core/errors.ts'
import type { Lab } from '../lab/lab.ts'
import { inert } from '../render/sanitise.ts'
import { labCut, labMend, labOff, labOn } from './lab-faults.ts'
import { type LabOptions, withLab } from './lab-work.ts'
import { DEFAULT_INVENTORY } from './loaded.ts'
import { describe } from './page.ts'
import type { Screen } from './screen.ts'
import { runInteractive } from './ssh.ts'
import type { Verb, VerbContext } from './verb.ts'

/** Throwaway machines on this computer. */
export const labVerb: Verb = (context) => {
  const lab = context.program.command('lab')
  const verbs = [labUp, labDown, labList, labSsh, labCut, labMend, labOff, labOn, labSnapshot, labRestore]
  for (const add of verbs) add(context, lab)
  return describe(lab, {
    summary: 'throwaway machines on this computer, to try things on',
    description: [
      'An inventory with `lab:` describes machines that are made here: user-mode Linux (fast, needs no KVM), QEMU, or containers. `up` makes them by itself; this verb is for looking after them.',
      'They share a network of their own and listen nowhere else; its MTU, delays and losses stand in the inventory. What they share (kernel, root file system) is compiled once and kept in ~/.cache/provision.',
    ],
    exits: ['failed'],
    examples: [
      ['provision lab up inventory/lab.yaml', 'make and start the machines'],
      ['provision lab ssh inventory/lab.yaml cp1', 'log in as root'],
      ['provision lab cut inventory/lab.yaml w1', 'pull its cable; mend plugs it in again'],
      ['provision lab off inventory/lab.yaml w1', 'take its power away; on boots it again'],
      ['provision lab snapshot inventory/lab.yaml clean', 'keep their disks as they are'],
      ['provision lab restore inventory/lab.yaml clean', 'put them back'],
      ['provision lab down inventory/lab.yaml', 'throw them away, disks and all'],
    ],
    files: [
      ['~/.local/state/provision/lab/NAME', 'machines of the inventory called NAME: disks, keys, console logs'],
      ['~/.cache/provision', 'kernel, root file system, base disks; can be made again'],
    ],
  })
}

function labUp(context: VerbContext, lab: Command): void {
  lab
    .command('up [INVENTORY]')
    .summary('make and start the machines; leave those that run')
    .description(
      'Makes machines that are missing, starts those that are off, and leaves the others alone; those whose lab.lan, lab.wan or lab.links changed get their new network. A cable that was pulled stays pulled.',
    )
    .action(async (path = DEFAULT_INVENTORY) => {
      const code = await withLab(context, path, {}, async ({ lab, hosts, screen }) => {
        const { specsOf } = await import('./lab-machines.ts')
        const place = { world: context.world, report: screen.report }
        const machines = await lab.up(await specsOf(hosts, await lab.list(), place))
        screen.say(
          machines.map(
            ({ name, driver, address }) => `${name}: ${driver}, ${address}; provision lab ssh ${path} ${name}`,
          ),
        )
        return EXIT.ok
      })
      context.exit(code)
    })
}

function labDown(context: VerbContext, lab: Command): void {
  lab
    .command('down [INVENTORY]')
    .summary('throw the machines away, disks and snapshots too')
    .description(
      'Stops the machines and removes their disks, snapshots, keys and network. What was compiled stays in the cache.',
    )
    .option('-y, --yes', 'do not ask', false)
    .action(async (path = DEFAULT_INVENTORY, options: LabOptions = {}) => {
      const code = await withLab(context, path, {}, async ({ lab, screen }) => {
        const names = (await lab.list()).map(({ machine }) => machine.name)
        if (names.length === 0) {
          screen.say(['there are no machines to remove'])
          return EXIT.ok
        }
        if (options.yes !== true && !(await mayRemove(screen, names))) return EXIT.interrupted
        await lab.down()
        screen.say([`removed: ${names.join(', ')}`])
        return EXIT.ok
      })
      context.exit(code)
    })
}

async function mayRemove(screen: Screen, names: readonly string[]): Promise<boolean> {
  if (screen.canAsk) return screen.ask([], `Throw away ${names.join(', ')}, disks and all?`)
  throw new InputError({
    what: `${names.join(', ')} would be thrown away, and there is nobody to ask`,
    fix: 'say yes beforehand with --yes',
  })
}

function labList(context: VerbContext, lab: Command): void {
  lab
    .command('list [INVENTORY]')
    .summary('show the machines and whether they run')
    .description(
      'Shows each machine: name, whether it runs and whether its cable is pulled, driver, address, and where its console log is.',
    )
    .option('--json', 'as JSON', false)
    .action(async (path = DEFAULT_INVENTORY, options: LabOptions = {}) => {
      const code = await withLab(context, path, {}, async ({ lab, hosts }) => {
        const found = await lab.list()
        const rows = hosts.map(({ name }) => ({ name, found: found.find(({ machine }) => machine.name === name) }))
        const text =
          options.json === true
            ? JSON.stringify(found, undefined, 2)
            : rows.map(({ name, found }) => listRow(name, found)).join('\n')
        context.world.stdout.write(`${text}\n`)
        return EXIT.ok
      })
      context.exit(code)
    })
}

function listRow(name: string, found: Awaited<ReturnType<Lab['list']>>[number] | undefined): string {
  if (!found) return `${name}  not made`
  const { machine, running, cut } = found
  const state = `${running ? 'running' : 'off'}${cut ? ', cut' : ''}`
  return `${name}  ${state}  ${machine.driver}  ${inert(machine.address)}  ${machine.consoleLog}`
}

function labSsh(context: VerbContext, lab: Command): void {
  lab
    .command('ssh <INVENTORY> <MACHINE> [COMMAND...]')
    .summary('log in, or run one command')
    .description("Starts the system's ssh with the machine's address, key and host key. Exits as ssh does.")
    .option('--user <NAME>', 'root, or ops (sudo without a password)', 'root')
    .passThroughOptions()
    .action(async (path: string, name: string, command: readonly string[], options: LabOptions) => {
      await withLab(context, path, {}, async ({ lab }) => {
        const argv = [...(await lab.ssh(name, options.user)), ...command]
        context.exit((await runInteractive(argv)) as ExitCode)
        return EXIT.ok
      })
    })
}

function labSnapshot(context: VerbContext, lab: Command): void {
  lab
    .command('snapshot <INVENTORY> <NAME>')
    .summary('keep the disks as they are now')
    .description('Syncs and pauses each machine, copies its disks, and lets it go on.')
    .action(async (path: string, name: string) => {
      const code = await withLab(context, path, {}, async ({ lab, screen }) => {
        await lab.snapshot(name)
        screen.say([`kept as ${name}; put back with: provision lab restore ${path} ${name}`])
        return EXIT.ok
      })
      context.exit(code)
    })
}

function labRestore(context: VerbContext, lab: Command): void {
  lab
    .command('restore <INVENTORY> <NAME>')
    .summary('put the disks of a snapshot back')
    .description('Takes the power from each machine, puts the disks of the snapshot back, and boots it.')
    .action(async (path: string, name: string) => {
      const code = await withLab(context, path, {}, async ({ lab, screen }) => {
        const machines = await lab.restore(name)
        screen.say([`put back: ${machines.map((machine) => machine.name).join(', ')}`])
        return EXIT.ok
      })
      context.exit(code)
    })
}
