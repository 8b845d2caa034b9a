import { setTimeout as sleep } from 'node:timers/promises'
import { describe, expect, it } from 'vitest'
import type { Event } from '../../src/core/events.ts'
import { PLAIN } from '../../src/render/paint.ts'
import { TreeRenderer } from '../../src/render/tree.ts'
import { FakeStream } from '../support/fake-terminal.ts'

const HIDE = '\x1b[?25l'
const SHOW = '\x1b[?25h'
const run: Event = { t: 0, type: 'run', run: 'r', command: 'provision up', hosts: ['a'], version: '0' }
const end: Event = { t: 9, type: 'end', ms: 9, exit: 0, hosts: [], criticalPath: [] }

function start() {
  const stdout = new FakeStream({ columns: 80, rows: 24 })
  const stderr = new FakeStream({ columns: 80, rows: 24 })
  const tree = new TreeRenderer({
    stdout: stdout.asWrite(),
    stderr: stderr.asWrite(),
    sink: { write: (text) => stdout.write(text) },
    paint: PLAIN,
    clock: () => 1000,
  })
  return { tree, stdout }
}

async function until(holds: () => boolean): Promise<void> {
  while (!holds()) await sleep(5)
}

describe('TreeRenderer', () => {
  it('draws what goes on, hides the cursor, and gives both back at the end', async () => {
    const { tree, stdout } = start()
    tree.on(run)
    await until(() => stdout.text.includes('not connected yet'))
    expect(stdout.text).toContain(HIDE)
    tree.on(end)
    const done = stdout.text
    expect(done.lastIndexOf(SHOW)).toBeGreaterThan(done.lastIndexOf(HIDE))
    await sleep(250)
    expect(stdout.text).toBe(done)
  })
  it('prints lines that stay above what is redrawn', async () => {
    const { tree, stdout } = start()
    tree.on(run)
    await until(() => stdout.text.includes('not connected yet'))
    tree.say(['this stays'])
    const at = stdout.text.indexOf('this stays\n')
    await until(() => stdout.text.indexOf('not connected yet', at) > at)
    tree.close()
  })
  it('is still while somebody is asked, though events go on', async () => {
    const { tree, stdout } = start()
    tree.on(run)
    tree.pause()
    tree.on({ t: 1, type: 'notice', text: 'x' })
    await sleep(300)
    expect(stdout.text).not.toContain('not connected yet')
    tree.resume()
    await until(() => stdout.text.includes('not connected yet'))
    tree.close()
  })
  it('holds back what is said while somebody is asked', () => {
    const { tree, stdout } = start()
    tree.pause()
    tree.on({ t: 1, type: 'notice', host: 'a', text: 'look here' })
    expect(stdout.text).toBe('')
    tree.resume()
    expect(stdout.text).toContain('a: look here\n')
    tree.close()
  })
  it('leaves a line for local work that took its time', () => {
    const { tree, stdout } = start()
    const task = { t: 1, type: 'task', title: 'Boot machine a', state: 'ok' } as const
    tree.on({ ...task, id: 'lab/a/boot', ms: 9000 })
    tree.on({ ...task, id: 'lab/b/boot', ms: 10, title: 'quick' })
    tree.on({ ...task, id: 'bundle/x', ms: 9000, title: 'one part of many' })
    tree.close()
    expect(stdout.text).toContain('✓ Boot machine a (9.0 s)\n')
    expect(stdout.text).not.toMatch(/quick|one part/)
  })
  it('can be stopped before it has begun to draw', async () => {
    const { tree, stdout } = start()
    tree.on(run)
    tree.on(end)
    await sleep(300)
    expect(stdout.text).not.toContain('not connected yet')
    expect(stdout.text.lastIndexOf(SHOW)).toBeGreaterThanOrEqual(stdout.text.lastIndexOf(HIDE))
  })
})
