import { readFile } from 'node:fs/promises'
import { extname } from 'node:path'
import type { Command, Option } from 'commander'
import { REQUIREMENTS } from '../catalog/requirements.ts'
import { InputError } from '../core/errors.ts'
import type { Inventory } from '../inventory/inventory.ts'
import { DEFAULT_INVENTORY, load } from './loaded.ts'
import type { Parts } from './parts.ts'
import type { World } from './world.ts'

export interface Question {
  readonly world: World
  readonly parts: Parts
  /** Words after `provision`; the last one is being typed and may be empty. */
  readonly words: readonly string[]
}

/** Verbs of `lab` that name a machine after the inventory. */
const ONE_MACHINE: readonly string[] = ['ssh', 'cut', 'mend', 'off', 'on']

/** What could stand in place of the last word. Nothing at all means: a file. */
export async function completions(program: Command, question: Question): Promise<readonly string[]> {
  const { words } = question
  const last = words.at(-1) ?? ''
  const before = words.slice(0, -1)
  const { command, rest } = descend(program, before)
  const option = optionBefore(command, before.at(-1))
  const [flag, value] = /^(--[a-z-]+)=(.*)$/s.exec(last)?.slice(1) ?? []
  if (flag !== undefined && value !== undefined)
    return (await values(flag, value, question)).map((found) => `${flag}=${found}`)
  if (option) return values(option.long ?? '', last, question)
  if (last.startsWith('-')) return matching(last, visibleOptions(command))
  if (command.commands.length > 0 && rest.length === 0)
    return matching(
      last,
      command.commands.filter(isShown).map((verb) => verb.name()),
    )
  return argument(command, rest, question)
}

/** The verb that the words before lead to, and what they give it. */
function descend(
  program: Command,
  words: readonly string[],
): { readonly command: Command; readonly rest: readonly string[] } {
  let command = program
  const rest: string[] = []
  for (const [i, word] of words.entries()) {
    const next = rest.length === 0 ? command.commands.find((verb) => verb.name() === word) : undefined
    if (next) command = next
    else if (!word.startsWith('-') && !optionBefore(command, words[i - 1])) rest.push(word)
  }
  return { command, rest }
}

function optionBefore(command: Command, word: string | undefined): Option | undefined {
  return command.options.find((option) => (option.long === word || option.short === word) && option.required)
}

function visibleOptions(command: Command): readonly string[] {
  return [...command.options.flatMap(({ long, hidden }) => (long && !hidden ? [long] : [])), '--help']
}

/** `complete` is for shells. */
function isShown(command: Command): boolean {
  return command.name() !== 'complete'
}

async function argument(command: Command, rest: readonly string[], question: Question): Promise<readonly string[]> {
  const last = question.words.at(-1) ?? ''
  const verb = command.parent?.name() === 'lab' ? 'lab' : command.name()
  if (command.name() === 'completion') return matching(last, ['bash', 'zsh', 'fish'])
  if (verb === 'explain' && rest.length === 0)
    return matching(last, ['exit-codes', ...Object.keys(REQUIREMENTS), ...(await hostNames(question))])
  if (verb === 'ssh' && rest.length === 0) return matching(last, await hostNames(question))
  if (verb === 'remove' && rest.length >= 1) return matching(last, await hostNames(question))
  if (verb === 'lab' && rest.length === 1 && ONE_MACHINE.includes(command.name()))
    return matching(last, await hostNames(question))
  return []
}

async function values(flag: string, last: string, question: Question): Promise<readonly string[]> {
  // A list is completed at its end.
  const [, head = '', tail = ''] = /^(.*,)?!?([^,]*)$/s.exec(last) ?? []
  const list = (choices: readonly string[]) => matching(tail, choices).map((choice) => `${head}${choice}`)
  if (flag === '--limit') return list(await patterns(question))
  if (flag === '--only') return list(await tags())
  return []
}

async function patterns(question: Question): Promise<readonly string[]> {
  const inventory = await inventoryOf(question)
  if (!inventory) return []
  const groups = Object.keys(inventory.groups).map((name) => `group:${name}`)
  return [...inventory.hosts.map(({ name }) => name), ...groups, 'role:control-plane', 'role:worker', 'all']
}

async function hostNames(question: Question): Promise<readonly string[]> {
  return (await inventoryOf(question))?.hosts.map(({ name }) => name) ?? []
}

async function tags(): Promise<readonly string[]> {
  const { up } = await import('../../playbooks/up.ts')
  return [...new Set(up.sections.map(({ tag }) => tag))]
}

/** The inventory named on the command line so far, or the default one; nothing when there is none that can be read. */
async function inventoryOf({ world, parts, words }: Question): Promise<Inventory | undefined> {
  const after = ['-i', '--inventory'].map((flag) => words.indexOf(flag) + 1).find((at) => at > 0)
  const named = after === undefined ? words.find((word) => ['.yaml', '.yml'].includes(extname(word))) : words[after]
  const path = named ?? DEFAULT_INVENTORY
  try {
    await readFile(path)
    return (await load(world, parts, { path, limit: [], set: [] })).inventory
  } catch (error) {
    if (error instanceof InputError || (error as NodeJS.ErrnoException).code !== undefined) return undefined
    throw error
  }
}

function matching(start: string, choices: readonly string[]): readonly string[] {
  return choices.filter((choice) => choice.startsWith(start))
}
