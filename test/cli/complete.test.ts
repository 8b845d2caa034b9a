import { execFileSync, spawnSync } from 'node:child_process'
import { chmodSync } from 'node:fs'
import { join } from 'node:path'
import { afterAll, describe, expect, it } from 'vitest'
import { FakeOffice } from '../support/fake-run.ts'

const ROOT = join(import.meta.dirname, '../..')
const office = new FakeOffice()
const inventory = office.inventory('alpha', 'beta', 'gamma')
afterAll(() => office.remove())

async function complete(...words: readonly string[]): Promise<readonly string[]> {
  const { out, code } = await office.run(['complete', '--', ...words])
  expect(code).toBe(0)
  return out.split('\n').filter((line) => line !== '')
}

describe('completion', () => {
  it('knows verbs, and verbs of verbs', async () => {
    expect(await complete('k')).toEqual(['kubeconfig'])
    expect(await complete('')).not.toContain('complete')
    expect(await complete('lab', 'sn')).toEqual(['snapshot'])
    expect(await complete('certs', 'r')).toEqual(['renew'])
  })
  it('knows options of the verb', async () => {
    expect(await complete('up', '--dr')).toEqual(['--dry-run'])
    expect(await complete('check', '--dr')).toEqual([])
  })
  it('knows hosts, groups and roles of the inventory', async () => {
    expect(await complete('up', inventory, '--limit', 'b')).toEqual(['beta'])
    expect(await complete('up', inventory, '--limit', 'alpha,g')).toEqual(['alpha,gamma'])
    expect(await complete('up', inventory, '--limit', 'role:w')).toEqual(['role:worker'])
    expect(await complete('up', inventory, '--limit=ga')).toEqual(['--limit=gamma'])
    expect(await complete('ssh', '-i', inventory, 'al')).toEqual(['alpha'])
    expect(await complete('lab', 'cut', inventory, 'be')).toEqual(['beta'])
    expect(await complete('remove', inventory, 'beta', 'g')).toEqual(['gamma'])
    expect(await complete('lab', 'snapshot', inventory, 'be')).toEqual([])
  })
  it('knows the sections of the play', async () => {
    expect(await complete('up', inventory, '--only', 'ker')).toEqual(['kernel'])
  })
  it('is quiet about an inventory that is wrong or not there: the shell offers files', async () => {
    expect(await complete('up', office.file('bad.yaml', '- no'), '--limit', '')).toEqual([])
    expect(await complete('up', 'none.yaml', '--limit', '')).toEqual([])
    expect(await complete('up', '')).toEqual([])
  })
  it.each([
    [
      'bash',
      (file: string) =>
        `source ${file}; COMP_WORDS=(provision up ${inventory} --limit ga); COMP_CWORD=4; _provision; printf '%s\\n' "\${COMPREPLY[@]}"`,
    ],
    ['fish', (file: string) => `source ${file}; complete -C 'provision up ${inventory} --limit ga'`],
    [
      'zsh',
      (file: string) =>
        `compdef() { :; }; compadd() { shift; print -l -- "$@"; }; _files() { :; }; source ${file}; words=(provision up ${inventory} --limit ga); CURRENT=5; _provision`,
    ],
  ] as const)('works in a real %s', async (shell, ask) => {
    const there = spawnSync('sh', ['-c', `command -v ${shell}`]).status === 0
    if (!there) return expect(shell, 'bash is part of every machine that runs these tests').not.toBe('bash')
    const { out: script } = await office.run(['completion', shell])
    const file = office.file(`completion.${shell}`, script)
    const program = office.file('provision', `#!/bin/sh\nexec ${join(ROOT, 'src/provision')} "$@"\n`)
    chmodSync(program, 0o755)
    const env = { ...process.env, PATH: `${office.folder}:${process.env.PATH}` }
    expect(execFileSync(shell, ['-c', ask(file)], { env, encoding: 'utf8' }).trim()).toBe('gamma')
  })
})
