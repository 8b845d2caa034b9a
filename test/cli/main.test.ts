import { spawnSync } from 'node:child_process'
import { mkdtempSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { describe, expect, it } from 'vitest'

const PROGRAM = join(import.meta.dirname, '../../src/provision')

describe('the process', () => {
  it('is quiet when its reader goes away', () => {
    const script = `"$1" schema | head -c 10 >/dev/null; printf '%s' "\${PIPESTATUS[0]}"`
    const { stdout, stderr } = spawnSync('bash', ['-c', script, 'bash', PROGRAM], { encoding: 'utf8' })
    expect(stderr).toBe('')
    expect(stdout).toBe('0')
  })
  it('writes all of a long answer into a pipe', () => {
    const { stdout } = spawnSync(PROGRAM, ['schema'], { encoding: 'utf8' })
    expect(() => JSON.parse(stdout)).not.toThrow()
  })
  it('tells its own faults from those of the user, with exit 1 and the stack', () => {
    const folder = mkdtempSync(join(tmpdir(), 'provision-gone-'))
    const gone = `cd "$1" && rmdir "$1" && exec "$2" version`
    const { status, stderr } = spawnSync('sh', ['-c', gone, 'sh', folder, PROGRAM], { encoding: 'utf8' })
    expect(status).toBe(1)
    expect(stderr).toMatch(/this is a bug of provision.*\n.*ENOENT[\s\S]*at /)
  })
  it('prints what the user can mend as a card, without a stack', () => {
    const { status, stderr } = spawnSync(PROGRAM, ['up', '/nonexistent.yaml', '--yes'], { encoding: 'utf8' })
    expect(status).toBe(2)
    expect(stderr).toMatch(/^error: .*\/nonexistent\.yaml.*\n {2}fix: /)
    expect(stderr).not.toMatch(/^ +at /m)
  })
})
