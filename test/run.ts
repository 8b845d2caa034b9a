import { spawnSync } from 'node:child_process'
import { mkdtempSync, readFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { ensurePackages } from '../src/lab/debian/packages.ts'

/** What the tests talk to, beside what `provision lab` installs for itself. */
const PACKAGES = ['openssh-server', 'openssh-client', 'busybox', 'procps', 'iproute2', 'fio', 'tmux']

interface Report {
  readonly numPassedTests: number
  readonly numFailedTests: number
  readonly numPendingTests: number
  readonly numTodoTests: number
  readonly success: boolean
}

function say(text: string): void {
  process.stdout.write(`${text}\n`)
}

function run(command: string, args: readonly string[]): boolean {
  say(`\n$ ${command} ${args.join(' ')}`)
  return spawnSync(command, args, { stdio: ['ignore', 'inherit', 'inherit'] }).status === 0
}

await ensurePackages(PACKAGES, (event) => {
  if (event.type === 'task' && event.state !== 'progress') say(`${event.title}: ${event.state}`)
})
const checks = run('tsc', ['--noEmit']) && run('biome', ['ci', '--error-on-warnings', '.'])
const out = join(mkdtempSync(join(tmpdir(), 'provision-test-')), 'report.json')
const tests = run('vitest', [
  'run',
  '--reporter=default',
  '--reporter=json',
  `--outputFile.json=${out}`,
  ...process.argv.slice(2),
])
const report = JSON.parse(readFileSync(out, 'utf8')) as Report
const skipped = report.numPendingTests + report.numTodoTests
const failed = report.numFailedTests + (checks ? 0 : 1) + (tests || report.numFailedTests > 0 ? 0 : 1)
say(`\n${report.numPassedTests} passed, ${failed} failed, ${skipped} skipped`)
process.exitCode = failed === 0 && skipped === 0 ? 0 : 1
