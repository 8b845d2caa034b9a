import { describe, expect, it } from 'vitest'
import { lastWords } from '../../src/lab/network/sshd.ts'

const lines = (from: number, to: number) =>
  Array.from({ length: to - from + 1 }, (_, i) => `line ${from + i}`).join('\n')

describe('the last words of a console', () => {
  it('are its last fifteen lines', () => {
    expect(lastWords(`${lines(1, 40)}\n\n`)).toBe(lines(26, 40))
    expect(lastWords('')).toBe('')
  })
  it('end with the panic when there was one, without the trace behind it', () => {
    const panic = 'Kernel panic - not syncing: VFS: Unable to mount root fs'
    expect(lastWords(`${lines(1, 20)}\n${panic}\n${lines(100, 130)}\n`)).toBe(`${lines(7, 20)}\n${panic}`)
    expect(lastWords(`${lines(1, 2)}\n${panic}`)).toBe(`${lines(1, 2)}\n${panic}`)
  })
})
