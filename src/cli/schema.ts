import { EXIT } from '../core/errors.ts'
import { describe } from './page.ts'
import type { Verb } from './verb.ts'

/** The schema of inventories, for editors. */
export const schemaVerb: Verb = ({ program, world, exit }) => {
  const command = program.command('schema').action(async () => {
    const { jsonSchemaText } = await import('../inventory/json-schema.ts')
    world.stdout.write(jsonSchemaText())
    exit(EXIT.ok)
  })
  return describe(command, {
    summary: 'print the JSON Schema of inventories',
    description: [
      'Prints JSON Schema (draft 7), made from the same definitions that check inventories. With it an editor completes keys, shows what they are for, and underlines mistakes.',
      'Editors that use the YAML language server find it by a line at the top of the inventory:  # yaml-language-server: $schema=./schema.json',
    ],
    examples: [['provision schema > inventory/schema.json', 'for that line']],
  })
}
