import { spawn } from 'node:child_process'
import { once } from 'node:events'
import { mkdtemp, readdir, readFile, rm, utimes, writeFile } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join, resolve } from 'node:path'
import { afterEach, beforeEach, describe, expect, it } from 'vitest'
import type { TaskEvent } from '../../../src/core/events.ts'
import { type Cache, fromCache, type Recipe } from '../../../src/lab/cache.ts'
import { processesWith } from '../../support/test-lab.ts'

const recipe: Recipe = { kind: 'thing', title: 'Make the thing', inputs: { words: ['a', 'b'] } }

describe('the cache', () => {
  let cache: Cache
  let events: TaskEvent[]

  beforeEach(async () => {
    events = []
    const report: Cache['report'] = (event) => event.type === 'task' && events.push(event)
    cache = { folder: await mkdtemp(join(tmpdir(), 'lab-cache-')), report }
  })
  afterEach(() => rm(cache.folder, { recursive: true, force: true }))

  const write = (text: string) => async (folder: string) => writeFile(join(folder, 'file'), text)
  const states = () => events.map(({ state }) => state)

  it('makes a thing once and another one for another recipe', async () => {
    const one = await fromCache(cache, recipe, write('one'))
    const again = await fromCache(cache, recipe, write('again'))
    const other = await fromCache(cache, { ...recipe, inputs: { words: ['a b'] } }, write('other'))
    expect([again === one, other === one, await readFile(join(one, 'file'), 'utf8')]).toEqual([true, false, 'one'])
    expect(states()).toEqual(['start', 'ok', 'cached', 'start', 'ok'])
  })

  it('makes it once when two want it at the same time', async () => {
    let made = 0
    const build = async (folder: string) => {
      made++
      await expect.poll(() => states().filter((state) => state === 'progress').length).toBe(1) // until the other waits
      await write('x')(folder)
    }
    const [one, two] = await Promise.all([fromCache(cache, recipe, build), fromCache(cache, recipe, build)])
    expect([one === two, made]).toEqual([true, 1])
    // Which of the two says its first word first is up to the scheduler.
    expect(states().toSorted()).toEqual(['cached', 'ok', 'progress', 'start'])
    expect(states().slice(2)).toEqual(['ok', 'cached'])
  })

  it('has nothing of a build that failed, and makes it the next time', async () => {
    const fail = async (folder: string) => {
      await write('half')(folder)
      throw new Error('no room')
    }
    await expect(fromCache(cache, recipe, fail)).rejects.toThrow('no room')
    const folder = await fromCache(cache, recipe, write('whole'))
    expect(await readFile(join(folder, 'file'), 'utf8')).toBe('whole')
    expect(states()).toEqual(['start', 'failed', 'start', 'ok'])
  })

  it('is free after the builder was killed, its commands ended with it', async () => {
    const mark = `8642.${process.pid}`
    const child = spawn(process.execPath, ['--input-type=module', '--eval', builder(cache.folder, mark)], {
      stdio: ['ignore', 'pipe', 'inherit'],
    })
    await once(child.stdout, 'data')
    await expect.poll(() => processesWith(`sleep ${mark}`)).not.toEqual([])
    child.kill('SIGKILL')
    const folder = await fromCache(cache, recipe, write('whole'))
    expect(await readFile(join(folder, 'file'), 'utf8')).toBe('whole')
    await expect.poll(() => processesWith(`sleep ${mark}`)).toEqual([])
  })

  it('tidies what killed builders left once it is a day old', async () => {
    const folder = await fromCache(cache, recipe, write('x'))
    const old = `${folder}.dead.part`
    await writeFile(old, '')
    await utimes(old, 0, 0)
    await fromCache(cache, { ...recipe, inputs: 'more' }, write('y'))
    expect((await readdir(join(cache.folder, 'thing'))).filter((name) => name.endsWith('.part'))).toEqual([])
  })
})

/** Another run of the program, in the middle of a long command. */
function builder(folder: string, mark: string): string {
  const lab = resolve(import.meta.dirname, '../../../src/lab')
  return `
import { fromCache } from ${JSON.stringify(join(lab, 'cache.ts'))}
import { command } from ${JSON.stringify(join(lab, 'local/command.ts'))}
const cache = { folder: ${JSON.stringify(folder)}, report: () => {} }
await fromCache(cache, ${JSON.stringify(recipe)}, async () => {
  process.stdout.write('building')
  // As make does: a child of a child, that would not notice.
  await command(['sh', '-c', 'sh -c "sleep ${mark}; true"; true'], { deadlineMs: 600_000 })
})`
}
