import { EXIT } from '../core/errors.ts'
import { describe } from './page.ts'
import type { Verb } from './verb.ts'
import { VERSION } from './version.ts'

/** Which provision this is. */
export const versionVerb: Verb = ({ program, world, exit }) => {
  const command = program
    .command('version')
    .option('--json', 'as JSON', false)
    .action(({ json }: { readonly json: boolean }) => {
      const facts = { provision: VERSION, ...world.runtime }
      const text = json
        ? JSON.stringify(facts)
        : Object.entries(facts)
            .map(([name, value]) => `${name} ${value}`)
            .join('\n')
      world.stdout.write(`${text}\n`)
      exit(EXIT.ok)
    })
  return describe(command, {
    summary: 'print which version this is',
    description: ['Prints the versions of provision and of the Node.js it runs on, and the kind of machine.'],
    examples: [['provision version --json', 'for a bug report']],
  })
}
