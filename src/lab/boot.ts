import { FailedError } from '../core/errors.ts'
import type { LabContext } from './context.ts'
import type { Machine, MachineSpec } from './machine.ts'
import { requireMemory } from './memory.ts'
import { tapOf } from './network/addresses.ts'
import { cutPorts } from './network/cable.ts'
import { ensureLan, lanExists } from './network/lan.ts'
import { forgetBridge, settleBridge, settleNetwork } from './network/settle.ts'
import { waitForSshd } from './network/sshd.ts'
import { shutDown } from './power.ts'
import { readMachines, writeMachine } from './state.ts'
import { task } from './task.ts'

/** Starts those that are off. Emulated machines start one after another: together they starve each other's clocks. */
export async function startAll(context: LabContext, machines: readonly Machine[]): Promise<Machine[]> {
  await requireRoom(
    context,
    machines.map(({ spec }) => spec),
  )
  // Once for all: two machines that make the bridge at the same time would get in each other's way.
  const cut = machines.some(({ driver }) => driver !== 'container') ? await startLan(context) : new Set<string>()
  const start = (machine: Machine) => startOne(context, machine, cut.has(tapOf(machine.index).interface))
  let emulated: Promise<unknown> = Promise.resolve()
  const starts = machines.map((machine) => {
    if (machine.driver !== 'qemu') return start(machine)
    const started = emulated.then(() => start(machine))
    emulated = started.catch(() => {})
    return started
  })
  const results = await Promise.allSettled(starts)
  const failed = results.find((result) => result.status === 'rejected')
  if (failed) throw failed.reason
  return results.filter((result) => result.status === 'fulfilled').map((result) => result.value)
}

/** Memory for those that are off or not made yet, beside what those that run were promised. */
export async function requireRoom(context: LabContext, specs: readonly MachineSpec[]): Promise<void> {
  const machines = await readMachines(context.folder)
  const runs = await Promise.all(machines.map((machine) => context.drivers[machine.driver].isRunning(machine)))
  const running = machines.filter((_, i) => runs[i])
  const starting = specs.filter(({ name }) => !running.some((machine) => machine.name === name))
  await requireMemory(starting, running)
}

/** Network and rules of the bridge. @returns ports whose cable was pulled */
export async function startLan(context: LabContext): Promise<ReadonlySet<string>> {
  if (!(await lanExists(context.namespace))) await forgetBridge(context)
  await ensureLan(context.namespace)
  await settleBridge(context)
  return cutPorts(context.namespace)
}

/** A machine whose cable was pulled is started and left to itself: it is meant to be out of reach. */
async function startOne(context: LabContext, machine: Machine, isCut: boolean): Promise<Machine> {
  const driver = context.drivers[machine.driver]
  const id = `lab/${machine.name}/boot`
  const title = `Boot machine ${machine.name}`
  const answer = async (on: Machine) => {
    if (!isCut) await waitForSshd(on, { deadlineMs: driver.bootDeadlineMs, driver })
  }
  const boot = (on: Machine) =>
    task(context.report, id, title, async (progress) => {
      progress.line('waiting for its sshd')
      const running = await driver.power(on)
      await writeMachine(running) // before it answers: whoever comes after a crash must find the process
      await answer(running)
      return running
    })
  const settle = async (on: Machine): Promise<Machine> => {
    if (isCut || on.networkReady !== false) return on
    const settled = await settleNetwork(context, on)
    if (settled) return settled
    await shutDown(context, on)
    const again = await boot(on)
    const done = await settleNetwork(context, again)
    if (done) return done
    const what = `lab machine ${machine.name} does not take an MTU of ${again.spec.network?.mtu} even when it starts`
    throw new FailedError({ what, where: machine.consoleLog, fix: 'ask for a smaller lab.lan.mtu' })
  }
  if (await driver.isRunning(machine)) {
    await answer(machine) // a run that was killed may have left it half way
    const line = isCut ? 'it is running, its cable is pulled' : 'it is running'
    context.report({ type: 'task', id, title, state: 'cached', line })
    return settle(machine)
  }
  return settle(await boot(machine))
}
