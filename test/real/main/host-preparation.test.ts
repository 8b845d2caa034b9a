import { readFile, stat, writeFile } from 'node:fs/promises'
import { join } from 'node:path'
import { afterAll, beforeAll, describe, expect, test } from 'vitest'
import type { HostPlan } from '../../../src/core/plan.ts'
import { command } from '../../../src/lab/local/command.ts'
import { type Ended, planOf, describe as told } from '../../support/command-line.ts'
import { COUNTERS } from '../../support/host-trace.ts'
import { MainLab } from '../../support/main-lab.ts'
import { changed } from '../../support/outcome.ts'
import { ProcessWatch } from '../../support/process-watch.ts'
import { random } from '../../support/random.ts'

const LONG_MS = 1_800_000
const ONLY = ['--only', 'verify,kernel', '--yes']
/** Kills per test run, besides the first and the last event; PROVISION_KILLS=all tries every one, 40-90 those from 40 to 90. */
const KILLS = process.env.PROVISION_KILLS ?? '5'
/** A kill, another run and what they are held against, on a busy computer. */
const KILL_MS = 120_000
const SEED = Number(process.env.PROVISION_SEED ?? 3)

let lab: MainLab
beforeAll(async () => {
  lab = await MainLab.open('main-host')
  const made = await lab.cli.run(['lab', 'up', lab.inventory])
  expect(made.code, told(made)).toBe(0)
})
afterAll(async () => {
  await lab?.[Symbol.asyncDispose]()
})

function prepare(): Promise<Ended> {
  return lab.cli.json(['up', lab.inventory, ...ONLY])
}

/** Kills the command line as soon as it has said `count` things. */
async function prepareAndDie(count: number): Promise<Ended> {
  let seen = 0
  const { child, ended } = lab.cli.start(['up', lab.inventory, ...ONLY, '--json'], {
    onEvent: () => {
      if (++seen === count) child.kill('SIGKILL')
    },
  })
  return ended
}

describe('preparing a host', () => {
  test('killed at any event and run again, it comes to the same state', { timeout: 300 * KILL_MS }, async ({
    annotate,
  }) => {
    const bare = await state()
    const undisturbed = await prepare()
    expect(undisturbed.code, told(undisturbed)).toBe(0)
    const wanted = await state()
    expect(wanted).not.toEqual(bare)
    const modules = modulesIn(bare)
    const reset = resetScript(planOf(undisturbed), modules)
    await lab.sh(reset)
    expect(await state()).toEqual(bare)

    const total = undisturbed.events.length
    const kills = sample(total)
    await annotate(`killed after event ${kills.join(', ')} of ${total} (seed ${SEED}; PROVISION_KILLS=all for all)`)
    for (const [i, count] of kills.entries()) {
      if (i % 10 === 9) process.stdout.write(`${i} of ${kills.length} kills, all well\n`)
      await prepareAndDie(count)
      const again = await prepare()
      expect(again.code, `killed after event ${count}: ${told(again)}`).toBe(0)
      expect(await state(), `killed after event ${count}`).toEqual(wanted)
      expect(await lab.sh('ls -d /run/provision/*/blobs /run/provision/holder 2>/dev/null || :')).toBe('')
      await lab.sh(reset)
    }
  })

  test('a plan saved on a bare machine is carried out as it is, and leaves nothing to do', {
    timeout: LONG_MS,
  }, async () => {
    const modules = modulesIn(await state())
    const plan = join(lab.cli.folder, 'bare-plan.json')
    const only = ['up', lab.inventory, '--only', 'verify,kernel']
    const saved = await lab.cli.json([...only, '--dry-run', '--out', plan])
    expect(saved.code, told(saved)).toBe(0)
    const done = await lab.cli.json([...only, '--plan', plan])
    expect(done.code, told(done)).toBe(0)
    const wanted = planOf(saved).resources.filter(({ changes }) => changes.length > 0)
    expect(wanted.map(({ verdict }) => verdict)).toContain('expected')
    expect(changed(done).toSorted()).toEqual(wanted.map(({ key }) => key).toSorted())
    const again = await lab.cli.json([...only, '--dry-run', '--detailed-exitcode'])
    expect(again.code, told(again)).toBe(0)
    await lab.sh(resetScript(planOf(done), modules))
  })

  test('hardware that is measured anew is measured for the next run as well', { timeout: LONG_MS }, async () => {
    const only = ['up', lab.inventory, '--only', 'verify']
    const first = await lab.cli.json([...only, '--verify', '--yes'])
    expect(first.code, told(first)).toBe(0)
    expect(changed(first)).toEqual(['fsync-record:/var/lib/etcd'])
    const second = await lab.cli.json([...only, '--dry-run', '--detailed-exitcode'])
    expect(second.code, told(second)).toBe(0)
    await lab.sh('rm -r /var/lib/provision')
  })

  test('no secret shows anywhere, on neither side', { timeout: LONG_MS }, async () => {
    const inventory = await secretInventory()
    const plan = join(lab.cli.folder, 'secret-plan.json')
    const env = { CANARY_LOGIN: PASSWORD }
    await using here = ProcessWatch.start(['canary-'])
    const there = lab.on(WATCH_SCRIPT, LONG_MS)
    const runs = [
      await lab.cli.json(['up', inventory, '--only', 'verify,kernel', '--dry-run', '--verbose', '--out', plan], env),
      await lab.cli.run(['up', inventory, '--only', 'verify,kernel', '--dry-run', '--verbose'], env),
      await lab.cli.json(['up', inventory, ...ONLY], env),
      await lab.cli.run(['check', inventory, '--verbose'], env),
    ]
    await lab.sh('touch /run/watch-stop')
    const watched = await there
    expect(watched.stdout).toMatch(/^rounds [1-9]/)
    expect(watched.stdout).not.toContain('found')
    for (const run of runs) {
      expect(run.code, told(run)).toBe(0)
      expect(run.stdout + run.stderr).not.toContain('canary-')
    }
    expect(here.rounds).toBeGreaterThan(20)
    // The shell that started us gave us the variable; nobody we start gets it.
    expect(here.found.filter(({ command }) => !command.includes('src/main.ts'))).toEqual([])
    expect(here.found.filter(({ where }) => where === 'argv')).toEqual([])
    expect((await stat(plan)).mode & 0o077).toBe(0)
    expect(await readFile(plan, 'utf8')).not.toMatch(/canary-/)
    expect(await filesWith('canary-')).toEqual([join(lab.cli.folder, 'sudo-password'), join(lab.cli.folder, 'token')])
    expect(await lab.sh(`grep -r -l -a -s 'canary[-]' /etc /var /root /home /run /tmp /usr/local || :`)).toBe('')
  })
})

function modulesIn(state: readonly string[]): readonly string[] {
  return state.filter((line) => line.startsWith('module ')).map((line) => line.slice('module '.length))
}

/** First and last event, and in between as many as we have time for. */
function sample(total: number): readonly number[] {
  const all = Array.from({ length: total }, (_, i) => i + 1)
  const [, from, to] = /^(\d+)-(\d+)$/.exec(KILLS) ?? []
  if (from !== undefined) return all.filter((n) => n >= Number(from) && n <= Number(to))
  if (KILLS === 'all' || Number(KILLS) >= total) return all
  const next = random(SEED)
  const some = new Set([1, total])
  while (some.size < Number(KILLS) + 2) some.add(1 + Math.floor(next() * total))
  return [...some].toSorted((a, b) => a - b)
}

/**
 * Content, modes and owners of all configuration, what the kernel and systemd have of it, and our own book-keeping: all but
 * times, inodes, counters and the figure that was measured.
 */
async function state(): Promise<readonly string[]> {
  const lines = (await lab.sh(STATE_SCRIPT)).trimEnd().split('\n')
  return lines.filter((line) => !COUNTERS.test(line.replace(/ = .*/, '')))
}

const STATE_SCRIPT = `set -- /etc /usr/local /opt /root /home $(ls -d /var/lib/provision 2>/dev/null)
find "$@" -xdev -printf '%p %y %m %U %G %l\\n' | LC_ALL=C sort
find "$@" -xdev -type f ! -path /var/lib/provision/verified -exec sha256sum {} + | LC_ALL=C sort -k 2
cut -d' ' -f1 /proc/modules | sort | sed 's/^/module /'
sysctl -a 2>/dev/null | sed 's/^/sysctl /'
systemctl show -p DefaultLimitNOFILE -p DefaultLimitNOFILESoft
systemctl show -p ActiveState -p NeedDaemonReload systemd-journald.service`

/** Takes back by hand what the plan said it would do: quicker than a new machine for every kill, and checked once. */
function resetScript({ resources }: HostPlan, bare: readonly string[]): string {
  const named = (prefix: string) => resources.filter(({ key }) => key.startsWith(prefix))
  const paths = resources
    .filter(({ verdict }) => verdict === 'change' || verdict === 'expected')
    .flatMap((resource) => resource.paths)
    .toSorted((a, b) => b.length - a.length)
  const values = named('sysctls:').flatMap(({ changes }) =>
    changes.filter(({ what, from }) => /^[a-z0-9_.-]+$/.test(what) && !from.startsWith('absent')),
  )
  return `rm -rf /var/lib/provision /run/provision
for path in ${paths.join(' ')}; do [ -d "$path" ] && rmdir "$path" || rm -f "$path"; done
rmdir /etc/systemd/system.conf.d 2>/dev/null
${values.map(({ what, from }) => `printf '%s\\n' '${from}' >/proc/sys/${what.replaceAll('.', '/')}`).join('\n')}
for round in 1 2 3; do for module in $(cut -d' ' -f1 /proc/modules); do
  case ' ${bare.join(' ')} ' in *" $module "*) ;; *) modprobe -r -q "$module" 2>/dev/null ;; esac
done; done
systemctl daemon-reexec
systemctl restart systemd-journald`
}

const PASSWORD = 'canary-password-7f3a'
const TOKEN = 'canary-token-2b8d'

/** A user who logs in and becomes root by a password, once from the environment and once from a file; and a secret nobody asks for. */
async function secretInventory(): Promise<string> {
  await lab.sh(`set -e
useradd -m keeper
printf 'keeper:%s\\n' '${PASSWORD}' | chpasswd
printf 'keeper ALL=(ALL:ALL) ALL\\n' >/etc/sudoers.d/keeper
printf 'PasswordAuthentication yes\\n' >/etc/ssh/sshd_config.d/test-password.conf
systemctl reload ssh`)
  await writeFile(join(lab.cli.folder, 'sudo-password'), `${PASSWORD}\n`, { mode: 0o600 })
  await writeFile(join(lab.cli.folder, 'token'), `${TOKEN}\n`, { mode: 0o600 })
  return lab.asRemote('secret.yaml', {
    ssh: { user: 'keeper', password: { env: 'CANARY_LOGIN' } },
    become: { method: 'auto', password: { file: 'sudo-password' } },
    top: { vars: { token: { secret: { file: 'token' } } } },
  })
}

/** Reads every command line and environment of the machine again and again. */
const WATCH_SCRIPT = `rm -f /run/watch-stop; n=0
until [ -e /run/watch-stop ]; do
  n=$((n + 1))
  for f in /proc/[0-9]*/cmdline /proc/[0-9]*/environ; do cat "$f" 2>/dev/null; done | tr '\\0' '\\n' | grep -a 'canary[-]' | sed 's/^/found /'
done
printf 'rounds %s\\n' $n`

/** Files of the operator, and temporary files of this machine, that hold the text. */
async function filesWith(text: string): Promise<readonly string[]> {
  const { stdout } = await command(['grep', '-r', '-l', '-a', '-s', '--exclude-dir=machines', text, lab.cli.folder], {
    deadlineMs: 60_000,
  })
  return stdout.trimEnd().split('\n').toSorted()
}
