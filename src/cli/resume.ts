import { argv as shellWords } from '../core/quote.ts'
import type { World } from './world.ts'

/** Options that hold for one run only. */
const ONCE = new Set(['--out', '--plan'])

/** Verbs whose hosts are named after the inventory, all of them together. */
const NAMED = new Set(['remove'])

/** The command that goes on where this one stopped: the same words, for one host or for all. */
export function resumeCommand(
  { program, argv }: Pick<World, 'program' | 'argv'>,
  hosts: readonly string[] = [],
): string {
  const words: string[] = []
  for (let i = 0; i < argv.length; i++) {
    const word = argv[i] ?? ''
    const isLimit = hosts.length > 0 && (word === '--limit' || word.startsWith('--limit='))
    const isOnce = [...ONCE].some((option) => word === option || word.startsWith(`${option}=`))
    if (!isLimit && !isOnce) words.push(word)
    else if (!word.includes('=')) i++
  }
  const limit = hosts.length > 0 && !NAMED.has(argv[0] ?? '') ? ['--limit', hosts.join(',')] : []
  return shellWords([program, ...words, ...limit])
}
