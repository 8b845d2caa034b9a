import { tmpdir } from 'node:os'
import { describe, expect, it } from 'vitest'
import { local } from '../../src/transport/local.ts'

describe('local', () => {
  it('gives each word to the program as it is', async () => {
    const words = ['', ' ', "a'b", '$(id)', '*', '-n', 'two\nlines', 'é💥', '\\', '"']
    const { code, stdout } = await local([
      'node',
      '-e',
      'console.log(JSON.stringify(process.argv.slice(1)))',
      '--',
      ...words,
    ])
    expect({ code, words: JSON.parse(stdout) as unknown }).toEqual({ code: 0, words })
  })

  it('reports codes, signals and missing programs without throwing', async () => {
    expect(await local(['sh', '-c', 'printf out; printf err >&2; exit 3'])).toEqual({
      code: 3,
      stdout: 'out',
      stderr: 'err',
    })
    expect((await local(['sh', '-c', 'kill -9 $$'])).code).toBe(137)
    expect((await local(['no-such-program-here'])).code).toBe(127)
    expect(await local(['true'], { cwd: '/no/such/folder' })).toMatchObject({
      code: 127,
      stderr: expect.stringContaining('/no/such/folder') as string,
    })
    await expect(local([])).rejects.toThrow(TypeError)
    await expect(local(['printf', 'a\0b'])).rejects.toThrow(/NUL/)
  })

  it('passes input, folder and environment, and gives no stdin otherwise', async () => {
    expect((await local(['cat'], { input: 'héllo' })).stdout).toBe('héllo')
    expect((await local(['cat'])).stdout).toBe('')
    expect((await local(['pwd'], { cwd: tmpdir() })).stdout.trim()).toBe(tmpdir())
    const { stdout } = await local(['env'], { env: { ONLY: 'this' } })
    expect(stdout.split('\n').filter((line) => !/^(PWD|_|SHLVL|)($|=)/.test(line))).toEqual(['ONLY=this'])
  })

  it('tells lines of both streams as they come, whole characters only', async () => {
    const lines: string[] = []
    await local(['sh', '-c', `printf '\\303'; sleep 0.1; printf '\\251 one\\ntwo'; printf 'err\\n' >&2`], {
      onLine: (line, stream) => lines.push(`${stream} ${line}`),
    })
    expect(lines.sort()).toEqual(['stderr err', 'stdout two', 'stdout é one'])
  })

  it('stops the command when told to', async () => {
    const startedMs = performance.now()
    expect((await local(['sleep', '30'], { signal: AbortSignal.timeout(200) })).code).toBe(143)
    expect(performance.now() - startedMs).toBeLessThan(10_000)
  })
})
