import { describe, expect, it } from 'vitest'
import { command, must } from '../../../src/lab/local/command.ts'
import { isAlive, killAndWait, startDetached, whileStopped } from '../../../src/lab/local/process.ts'
import { processesWith } from '../../support/test-lab.ts'

const quick = { deadlineMs: 10_000 }

describe('a command on this machine', () => {
  it('gets its words as they are, and an end of input', async () => {
    const words = ['', 'a b', '$(id)', "it's", '*', 'ünïcode', '-n', '\n']
    const { stdout } = await command(['printf', '[%s]', ...words], quick)
    expect(stdout).toBe(words.map((word) => `[${word}]`).join(''))
    expect(await command(['cat'], quick)).toMatchObject({ code: 0, stdout: '', timedOut: false })
    expect((await command(['cat'], { ...quick, input: 'text' })).stdout).toBe('text')
  })
  it('gets variables beside those that are there', async () => {
    const { stdout } = await command(['sh', '-c', 'printf "%s|%s" "$ODD" "$HOME"'], {
      ...quick,
      env: { ODD: "a'b c=d" },
    })
    expect(stdout).toBe(`a'b c=d|${process.env.HOME}`)
  })
  it('reports code, both streams and every line', async () => {
    const lines: string[] = []
    const script = 'printf "one\\ntwo\\n"; printf "three\\n" >&2; exit 7'
    const result = await command(['sh', '-c', script], { ...quick, onLine: (line) => lines.push(line) })
    expect(result).toMatchObject({ code: 7, stdout: 'one\ntwo\n', stderr: 'three\n' })
    expect(lines.sort()).toEqual(['one', 'three', 'two'])
  })
  it('fails with its last words and the command to try', async () => {
    const attempt = must(['sh', '-c', 'printf "no space left\\n" >&2; exit 3'], quick)
    await expect(attempt).rejects.toMatchObject({
      trouble: { what: 'sh ended with 3', why: 'no space left', fix: expect.stringContaining("sh -c 'printf") },
    })
    await expect(must(['no-such-program'], quick)).rejects.toMatchObject({
      trouble: { why: expect.stringContaining('no-such-program: not found') },
    })
  })
  it('is ended at its deadline with all its children', async () => {
    const mark = `7531.${process.pid}`
    const result = await command(['sh', '-c', `sleep ${mark} & sleep ${mark}; true`], { deadlineMs: 300 })
    expect(result).toMatchObject({ timedOut: true, code: 137 })
    await expect.poll(() => processesWith(`sleep ${mark}`)).toEqual([])
  })
})

describe('what a command leaves behind', () => {
  it('ends with it', async () => {
    const mark = `6420.${process.pid}`
    const script = `sleep ${mark} >/dev/null 2>&1 & printf done`
    expect((await command(['sh', '-c', script], quick)).stdout).toBe('done')
    await expect.poll(() => processesWith(`sleep ${mark}`)).toEqual([])
  })
})

describe('a detached process', () => {
  it('is known by number and start, stops, goes on and ends', async () => {
    const id = await startDetached(['sleep', '600'], '/dev/null', '/')
    const states: string[] = []
    const state = async () => (await command(['ps', '-o', 'state=', '-p', String(id.pid)], quick)).stdout.trim()
    expect(await isAlive(id)).toBe(true)
    expect(await isAlive({ ...id, startTicks: id.startTicks + 1 })).toBe(false)
    expect(await isAlive({ ...id, bootId: 'another' })).toBe(false)
    await whileStopped(id, async () => {
      states.push(await state())
    })
    states.push(await state())
    expect(states).toEqual(['T', 'S'])
    await killAndWait({ ...id, startTicks: id.startTicks + 1 }) // a reused number: left alone
    expect(await isAlive(id)).toBe(true)
    await killAndWait(id)
    expect(await isAlive(id)).toBe(false)
  })
  it('that cannot start is an error', async () => {
    await expect(startDetached(['/no/such/program'], '/dev/null', '/')).rejects.toThrow(/ENOENT/)
  })
})
