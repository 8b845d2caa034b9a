import { spawnSync } from 'node:child_process'
import { existsSync, mkdtempSync, readFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { ensurePackages } from '../src/lab/debian/packages.ts'
import { isFresh } from './readme.ts'
import { BROWSER_PACKAGES } from './support/browser-packages.ts'

/** What the tests talk to, beside what `provision lab` installs for itself. */
const PACKAGES = [
  'openssh-server',
  'openssh-client',
  'sudo',
  'busybox',
  'procps',
  'iproute2',
  'kmod',
  'netcat-openbsd',
  'mmdebstrap',
  'binutils',
  'fio',
  'zsh',
  'fish',
  ...BROWSER_PACKAGES,
]

interface Count {
  readonly passed: number
  readonly failed: number
  readonly skipped: number
}

function say(text: string): void {
  process.stdout.write(`${text}\n`)
}

function run(command: string, args: readonly string[]): boolean {
  say(`\n$ ${command} ${args.join(' ')}`)
  return spawnSync(command, args, { stdio: ['ignore', 'inherit', 'inherit'] }).status === 0
}

/** One ring after the other: what is measured in the first must not be slowed down by machines of the second. */
function ring(project: string, folder: string): Count {
  const out = join(folder, `${project}.json`)
  const passed = run('vitest', [
    'run',
    '--project',
    project,
    '--reporter=default',
    '--reporter=json',
    `--outputFile.json=${out}`,
    ...process.argv.slice(2),
  ])
  if (!existsSync(out)) return { passed: 0, failed: 1, skipped: 0 }
  const report = JSON.parse(readFileSync(out, 'utf8')) as Record<string, number>
  const failed = report.numFailedTests ?? 0
  return {
    passed: report.numPassedTests ?? 0,
    // A file that could not even be loaded has no tests to count.
    failed: passed || failed > 0 ? failed : 1,
    skipped: (report.numPendingTests ?? 0) + (report.numTodoTests ?? 0),
  }
}

await ensurePackages(PACKAGES, (event) => {
  if (event.type === 'task' && event.state !== 'progress') say(`${event.title}: ${event.state}`)
})
const checked = [run('tsc', ['--noEmit']), run('biome', ['ci', '--error-on-warnings', '.'])]
const folder = mkdtempSync(join(tmpdir(), 'provision-test-'))
const early = [ring('pure', folder)]
const prepared = run('node', ['test/prepare.ts'])
const counts: Count[] = [
  ...[...checked, prepared].map((fine) => ({ passed: fine ? 1 : 0, failed: fine ? 0 : 1, skipped: 0 })),
  ...early,
  ring('host', folder),
  ring('api', folder),
  ring('main', folder),
  ring('machine', folder),
]
// Only a run of everything tells what each option has come through.
if (process.argv.length === 2) {
  const fresh = isFresh(folder)
  if (!fresh) say(`\nREADME's table of options is not what these tests have shown: npm run readme -- ${folder}`)
  counts.push({ passed: fresh ? 1 : 0, failed: fresh ? 0 : 1, skipped: 0 })
}
const sum = (name: keyof Count) => counts.reduce((total, count) => total + count[name], 0)
say(`\n${sum('passed')} passed, ${sum('failed')} failed, ${sum('skipped')} skipped`)
process.exitCode = sum('failed') === 0 && sum('skipped') === 0 ? 0 : 1
