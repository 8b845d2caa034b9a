import type { LabContext } from './context.ts'
import type { Machine } from './machine.ts'
import { ensureLan } from './network/lan.ts'
import { waitForSshd } from './network/sshd.ts'
import { writeMachine } from './state.ts'
import { task } from './task.ts'

/** Starts those that are off. Emulated machines start one after another: together they starve each other's clocks. */
export async function startAll(context: LabContext, machines: readonly Machine[]): Promise<Machine[]> {
  // Once for all: two machines that make the bridge at the same time would get in each other's way.
  if (machines.some(({ driver }) => driver !== 'container')) await ensureLan(context.namespace)
  let emulated: Promise<unknown> = Promise.resolve()
  const starts = machines.map((machine) => {
    if (machine.driver !== 'qemu') return startOne(context, machine)
    const start = emulated.then(() => startOne(context, machine))
    emulated = start.catch(() => {})
    return start
  })
  const results = await Promise.allSettled(starts)
  const failed = results.find((result) => result.status === 'rejected')
  if (failed) throw failed.reason
  return results.filter((result) => result.status === 'fulfilled').map((result) => result.value)
}

async function startOne(context: LabContext, machine: Machine): Promise<Machine> {
  const driver = context.drivers[machine.driver]
  const id = `lab/${machine.name}/boot`
  const title = `Boot machine ${machine.name}`
  const wait = (on: Machine) => waitForSshd(on, { deadlineMs: driver.bootDeadlineMs, driver })
  if (await driver.isRunning(machine)) {
    await wait(machine) // a run that was killed may have left it half way
    context.report({ type: 'task', id, title, state: 'cached', line: 'it is running' })
    return machine
  }
  return task(context.report, id, title, async (progress) => {
    progress.line('waiting for its sshd')
    const running = await driver.power(machine)
    await writeMachine(running) // before it answers: whoever comes after a crash must find the process
    await wait(running)
    return running
  })
}
