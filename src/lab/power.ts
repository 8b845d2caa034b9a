import { setTimeout as sleep } from 'node:timers/promises'
import type { LabContext } from './context.ts'
import { command } from './local/command.ts'
import type { Machine } from './machine.ts'
import { sshArgv } from './ssh.ts'
import { task } from './task.ts'

const SHUTDOWN_DEADLINE_MS = 60_000
const LOOK_EVERY_MS = 100

/** Asks the machine to end in good order, and takes the power away once it has, or when it does not. */
export async function shutDown(context: LabContext, machine: Machine): Promise<void> {
  const driver = context.drivers[machine.driver]
  await task(context.report, `lab/${machine.name}/off`, `Shut machine ${machine.name} down`, async () => {
    const until = performance.now() + SHUTDOWN_DEADLINE_MS
    // The connection may end before ssh hears how it went: only the end of the machine counts.
    await command([...sshArgv(machine, context.folder.knownHosts), 'systemctl poweroff'], { deadlineMs: 20_000 })
    while ((await driver.isRunning(machine)) && performance.now() < until) await sleep(LOOK_EVERY_MS)
    await driver.stop(machine)
  })
}

/** Takes the power away without a warning. */
export async function cutPower(context: LabContext, machine: Machine): Promise<void> {
  await task(context.report, `lab/${machine.name}/off`, `Take the power from machine ${machine.name}`, () =>
    context.drivers[machine.driver].stop(machine),
  )
}
