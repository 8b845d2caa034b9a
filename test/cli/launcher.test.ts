import { spawnSync } from 'node:child_process'
import { chmodSync, cpSync, mkdirSync, mkdtempSync, rmSync, symlinkSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterAll, describe, expect, it } from 'vitest'

const LAUNCHER = join(import.meta.dirname, '../../src/provision')
const folder = mkdtempSync(join(tmpdir(), 'provision-launcher-'))
afterAll(() => rmSync(folder, { recursive: true, force: true }))

/** A project folder with the launcher in it, and programs that say what they were called with. */
function project(name: string, pinned: boolean): string {
  const root = join(folder, name)
  mkdirSync(join(root, 'src'), { recursive: true })
  cpSync(LAUNCHER, join(root, 'src/provision'))
  if (pinned) {
    mkdirSync(join(root, 'node_modules/.bin'), { recursive: true })
    program(join(root, 'node_modules/.bin/node'), 'printf "pinned %s\\n" "$*"')
  }
  return root
}

function program(path: string, body: string): void {
  writeFileSync(path, `#!/bin/sh\n${body}\n`)
  chmodSync(path, 0o755)
}

/** A PATH with the tools of the launcher and, perhaps, a node that says it is this version. */
function pathWith(name: string, version?: string): string {
  const bin = join(folder, name)
  mkdirSync(bin, { recursive: true })
  for (const tool of ['sh', 'readlink', 'dirname'])
    symlinkSync(spawnSync('sh', ['-c', `command -v ${tool}`], { encoding: 'utf8' }).stdout.trim(), join(bin, tool))
  if (version !== undefined)
    program(join(bin, 'node'), `[ "$1" = --version ] && { printf '${version}\\n'; exit; }; printf "path %s\\n" "$*"`)
  return bin
}

function launch(path: string, bin: string, shell = 'sh') {
  const { status, stdout, stderr } = spawnSync(shell, [path, 'up', 'a b'], { env: { PATH: bin }, encoding: 'utf8' })
  return { status, stdout, stderr }
}

describe.each(['/bin/sh', '/bin/bash'])('the launcher in %s', (shell) => {
  const name = shell.replaceAll('/', '')

  it('prefers the pinned node', () => {
    const root = project(`pinned${name}`, true)
    expect(launch(join(root, 'src/provision'), pathWith(`p1${name}`, 'v22.18.0'), shell).stdout).toBe(
      `pinned ${root}/src/main.ts up a b\n`,
    )
  })
  it('finds its way back through symbolic links, as npm makes them', () => {
    const root = project(`linked${name}`, true)
    const bin = join(folder, `bin${name}`)
    mkdirSync(bin)
    symlinkSync(`../linked${name}/src/provision`, join(bin, 'one'))
    symlinkSync(join(bin, 'one'), join(bin, 'two'))
    expect(launch(join(bin, 'two'), pathWith(`p2${name}`), shell).stdout).toBe(`pinned ${root}/src/main.ts up a b\n`)
  })
  it.each(['v22.18.0', 'v23.0.0', 'v24.21.0'])('takes node %s from PATH', (version) => {
    const root = project(`path${name}${version}`, false)
    expect(launch(join(root, 'src/provision'), pathWith(`p3${name}${version}`, version), shell).stdout).toBe(
      `path ${root}/src/main.ts up a b\n`,
    )
  })
  it.each([
    ['v22.17.1', 'is Node.js v22.17.1'],
    ['v20.20.2', 'needs 22.18 or newer'],
    ['nonsense', 'does not say which version'],
  ])('refuses node %s and says what to do', (version, says) => {
    const root = project(`old${name}${version}`, false)
    const { status, stderr } = launch(join(root, 'src/provision'), pathWith(`p4${name}${version}`, version), shell)
    expect(status).toBe(2)
    expect(stderr).toContain(says)
  })
  it('says how to get a node where there is none', () => {
    const root = project(`none${name}`, false)
    const { status, stderr } = launch(join(root, 'src/provision'), pathWith(`p5${name}`), shell)
    expect(status).toBe(2)
    expect(stderr).toContain(`run \`npm ci\` in ${root}`)
  })
})
