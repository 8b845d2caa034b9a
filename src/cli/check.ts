import type { ExitCode } from '../core/errors.ts'
import { DEFAULT_INVENTORY, load } from './loaded.ts'
import { onlyRequirements } from './only.ts'
import { describe } from './page.ts'
import type { Parts } from './parts.ts'
import { prepared } from './prepare.ts'
import { addReportOption, ReportFile, type ReportOptions } from './report-file.ts'
import { addRunOptions, type RunOptions } from './run-options.ts'
import type { Verb } from './verb.ts'
import { visit } from './visit.ts'
import type { World } from './world.ts'

/** Measures hosts against the requirements, and changes nothing. */
export const checkVerb: Verb = ({ program, world, parts, exit }) => {
  const command = program.command('check').argument('[INVENTORY]', 'what is wanted', DEFAULT_INVENTORY)
  addReportOption(addRunOptions(command)).action(async (path: string, options: RunOptions & ReportOptions) =>
    exit(await check(world, parts, path, options)),
  )
  return describe(command, {
    summary: 'measure hosts against the requirements; change nothing',
    description: [
      'Looks at every host once and judges it: virtualisation, processor, memory, disks and the time fsync takes, kernel and its modules, cgroups, swap, clock, identities, ports, DNS.',
      'Everything that is wrong is reported at once, for every host, with what was seen, what would be right, and how to mend it. `up` does the same first, and changes no host that misses a requirement.',
      'A requirement you can live with goes into the inventory, with the reason:  accept: {nvme-etcd: "a test machine"}. It is then reported as accepted, never hidden. `provision explain ID` tells what a requirement is for.',
    ],
    exits: ['failed', 'unmet', 'unreachable'],
    examples: [
      ['provision check production.yaml', 'all hosts'],
      ['provision check production.yaml --limit node4', 'a host before it joins'],
      ['provision check production.yaml --json | jq .', 'for a program'],
      ['provision check production.yaml --report check.html', 'for whoever ordered the machines'],
    ],
  })
}

async function check(world: World, parts: Parts, path: string, options: RunOptions & ReportOptions): Promise<ExitCode> {
  const loaded = await load(world, parts, { path, ...options })
  const reportFile = await ReportFile.open(options, loaded.inventory.name, world)
  return prepared({ world, parts, options, loaded, make: false, purpose: 'check', reportFile }, async (ready) => {
    const compiled = ready.compiled.map((each) => onlyRequirements(each))
    return (await visit({ ...ready, compiled, consent: 'judge', collect: [] })).exit
  })
}
