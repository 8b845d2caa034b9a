import type { Command } from 'commander'
import { EXIT } from '../core/errors.ts'
import type { Lab } from '../lab/lab.ts'
import { withLab } from './lab-work.ts'
import type { VerbContext } from './verb.ts'

/** What can happen to machines anywhere, on purpose. */
interface Fault {
  readonly verb: string
  readonly summary: string
  readonly description: string
  readonly run: (lab: Lab, machine: string) => Promise<unknown>
  readonly said: (path: string, machine: string) => string
}

export const labCut = verbOf({
  verb: 'cut',
  summary: "pull a machine's network cable",
  description:
    'Nothing gets to the machine or from it until it is mended; it runs on. The cable stays pulled over reboots and over `lab up`, so that what `up` does about it can be seen.',
  run: (lab, machine) => lab.cut(machine),
  said: (path, machine) => `${machine} is cut off; plug it in again with: provision lab mend ${path} ${machine}`,
})

export const labMend = verbOf({
  verb: 'mend',
  summary: 'plug the network cable in again',
  description: 'Undoes `lab cut`. Changes nothing where the cable is plugged in.',
  run: (lab, machine) => lab.mend(machine),
  said: (_path, machine) => `${machine} is on the network`,
})

export const labOff = verbOf({
  verb: 'off',
  summary: "take a machine's power away",
  description: 'Ends the machine without a warning, as a power cut does: what it had not written to its disk is lost.',
  run: (lab, machine) => lab.off(machine),
  said: (path, machine) => `${machine} is off; boot it with: provision lab on ${path} ${machine}`,
})

export const labOn = verbOf({
  verb: 'on',
  summary: 'boot a machine that is off',
  description: 'Boots one machine and waits for its sshd. `lab up` does so for all. Changes nothing where it runs.',
  run: (lab, machine) => lab.on(machine),
  said: (_path, machine) => `${machine} is running`,
})

function verbOf({ verb, summary, description, run, said }: Fault): (context: VerbContext, lab: Command) => void {
  return (context, parent) => {
    parent
      .command(`${verb} <INVENTORY> <MACHINE>`)
      .summary(summary)
      .description(description)
      .action(async (path: string, machine: string) => {
        const code = await withLab(context, path, {}, async ({ lab, screen }) => {
          await run(lab, machine)
          screen.say([said(path, machine)])
          return EXIT.ok
        })
        context.exit(code)
      })
  }
}
