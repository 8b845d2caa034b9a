import { copyFile, readFile, rm, writeFile } from 'node:fs/promises'
import { join } from 'node:path'
import { afterAll, beforeAll, describe, expect, test } from 'vitest'
import type { Failure } from '../../../src/core/events.ts'
import { makeBundle } from '../../../src/lab/bundle/bundle.ts'
import { command } from '../../../src/lab/local/command.ts'
import { type Ended, eventsOf, planOf, describe as told } from '../../support/command-line.ts'
import { MainLab } from '../../support/main-lab.ts'

const CASE_MS = 600_000
const ONLY_KERNEL = ['--only', 'kernel', '--yes']

let lab: MainLab
beforeAll(async () => {
  lab = await MainLab.open('main-faults')
  const made = await lab.cli.run(['lab', 'up', lab.inventory])
  expect(made.code, told(made)).toBe(0)
  await lab.sh(`set -e
useradd -m keeper; printf 'keeper:right\\n' | chpasswd
printf 'PasswordAuthentication yes\\n' >/etc/ssh/sshd_config.d/test.conf; systemctl reload ssh`)
})
afterAll(async () => {
  await lab?.[Symbol.asyncDispose]()
})

/** The one failure of the one host; whatever it is, nothing was changed. */
function failureOf(ended: Ended, exit: number): Failure {
  expect(ended.code, told(ended)).toBe(exit)
  const [host] = eventsOf(ended, 'host')
  expect(host?.result.changed).toBe(0)
  const [failure] = host?.result.failures ?? []
  if (!failure) throw new Error(`no failure was told: ${told(ended)}`)
  return failure
}

/** Everything on the machine that is configuration. */
function configuration(): Promise<string> {
  return lab.sh(
    `find /etc /usr/local /opt /var/lib/provision -xdev -printf '%p %y %m %U %G %s %i %T@ %l\\n' 2>/dev/null | LC_ALL=C sort`,
  )
}

describe('the way in', () => {
  test('a wrong password', { timeout: CASE_MS }, async () => {
    const inventory = await lab.asRemote('password.yaml', { ssh: { user: 'keeper', password: { env: 'PASS' } } })
    const { trouble } = failureOf(await lab.cli.json(['up', inventory, ...ONLY_KERNEL], { PASS: 'wrong' }), 5)
    expect(trouble.what).toContain('keeper')
    expect(trouble.why).toMatch(/offered: .*password; the host accepts: /)
    expect(trouble.fix).toBeTruthy()
  })

  test('nobody may become root', { timeout: CASE_MS }, async () => {
    const inventory = await lab.asRemote('sudo.yaml', {
      ssh: { user: 'keeper', password: { env: 'PASS' } },
      become: { method: 'auto', password: { env: 'PASS' } },
    })
    const { trouble } = failureOf(await lab.cli.json(['up', inventory, ...ONLY_KERNEL], { PASS: 'right' }), 5)
    expect(trouble.what).toContain('keeper may not run scripts as root with sudo')
    expect(trouble.fix).toContain('visudo')
  })

  test('nobody is there', { timeout: CASE_MS }, async () => {
    const inventory = await lab.asRemote('nobody.yaml', { ssh: { proxyCommand: 'none', connectTimeoutSeconds: 3 } })
    const { trouble } = failureOf(await lab.cli.json(['up', inventory, ...ONLY_KERNEL]), 5)
    expect(trouble.what).toContain('10.77.0.11')
  })

  test('a host without flock', { timeout: CASE_MS }, async () => {
    await lab.sh('mv /usr/bin/flock /usr/bin/flock.away')
    const before = await configuration()
    try {
      const { trouble } = failureOf(await lab.cli.json(['up', lab.inventory, ...ONLY_KERNEL]), 5)
      expect(trouble.what).toContain('flock')
    } finally {
      await lab.sh('mv /usr/bin/flock.away /usr/bin/flock')
    }
    expect(await configuration()).toBe(before)
  })
})

describe('the machine', () => {
  test('what is not good enough is told all at once, and nothing is changed', { timeout: CASE_MS }, async () => {
    const { 'kernel-config': _gone, ...accept } = await accepted()
    const inventory = await lab.asRemote('strict.yaml', { top: { accept } })
    const before = await configuration()
    await lab.sh(`set -e
module=$(find /lib/modules/$(uname -r) -name 'ip_vs_rr.ko*'); printf '%s' "$module" >/run/test-module
mv "$module" /run/test-away; depmod -a
systemd-run -q --unit=test-port socat TCP-LISTEN:6443,fork /dev/null
until grep -q ':192B ' /proc/net/tcp; do sleep 0.1; done`)
    try {
      const ended = await lab.cli.json(['up', inventory, '--yes'])
      expect(ended.code, told(ended)).toBe(4)
      const unmet = new Map(
        planOf(ended).resources.flatMap(({ verdict, finding }) =>
          verdict === 'unmet' && finding ? [[finding.id, finding] as const] : [],
        ),
      )
      expect([...unmet.keys()].toSorted()).toEqual(['kernel-config', 'kernel-modules', 'ports'])
      expect(unmet.get('kernel-modules')?.evidence).toContain('ip_vs_rr')
      expect(unmet.get('ports')?.evidence).toMatch(/6443.*socat/)
      expect([...unmet.values()].every(({ fix }) => fix !== undefined)).toBe(true)
      expect(eventsOf(ended, 'wave')).toEqual([])
    } finally {
      await lab.sh(`systemctl stop test-port; mv /run/test-away "$(cat /run/test-module)"; depmod -a`)
    }
    expect(withoutModules(await configuration())).toBe(withoutModules(before))
  })

  test('a full disk is named, nothing is half written, and the next run goes on', { timeout: CASE_MS }, async () => {
    await lab.sh(
      `mount -t tmpfs -o size=4k,mode=0755 tmpfs /etc/sysctl.d && ! cat /dev/zero 2>/dev/null >/etc/sysctl.d/zero`,
    )
    try {
      const ended = await lab.cli.json(['up', lab.inventory, ...ONLY_KERNEL])
      expect(ended.code, told(ended)).toBe(3)
      const [host] = eventsOf(ended, 'host')
      const failure = host?.result.failures.find(({ key }) => key === 'sysctls:/etc/sysctl.d/99-k8s-network.conf')
      expect(failure?.trouble.why).toContain('full')
      expect(failure?.trouble.fix).toContain('df')
      expect(await lab.sh('ls -A /etc/sysctl.d')).toBe('zero\n')
    } finally {
      await lab.sh('umount /etc/sysctl.d')
    }
    const again = await lab.cli.json(['up', lab.inventory, ...ONLY_KERNEL])
    expect(again.code, told(again)).toBe(0)
  })

  test('a second operator is told who is at work, and since when', { timeout: CASE_MS }, async () => {
    await lab.sh('rm -f /etc/modules-load.d/provision.conf')
    const locked = Promise.withResolvers<void>()
    let stopped = false
    const first = lab.cli.start(['up', lab.inventory, ...ONLY_KERNEL, '--json'], {
      onEvent: ({ type }) => {
        if (stopped || (type !== 'upload' && type !== 'step')) return
        stopped = true
        // Stopped, not ended: it holds its lock as long as its connection lives.
        first.child.kill('SIGSTOP')
        locked.resolve()
      },
    })
    await Promise.race([locked.promise, first.ended])
    await lab.sh('rm -f /etc/modules-load.d/provision.conf')
    const second = await lab.cli.json(['up', lab.inventory, ...ONLY_KERNEL])
    first.child.kill('SIGCONT')
    const { trouble } = failureOf(second, 6)
    expect(trouble.what).toMatch(/lab1 is being changed by \S+@\S+ \(run [0-9a-z-]+\) since 20\d\d-.*provision/)
    expect(trouble.fix).toContain('wait')
    await first.ended
    const again = await lab.cli.json(['up', lab.inventory, ...ONLY_KERNEL])
    expect(again.code, told(again)).toBe(0)
  })

  test('a flipped byte in a bundle is found before it can be installed', { timeout: CASE_MS }, async () => {
    const bundle = await flippedBundle('bin/cni/loopback')
    const inventory = await lab.asRemote('flipped.yaml', { top: { artifacts: { source: { bundle } } } })
    const ended = await lab.cli.json(['up', inventory, '--only', 'runtime', '--yes'])
    expect([2, 3], told(ended)).toContain(ended.code)
    expect(ended.stdout + ended.stderr).toMatch(/loopback/)
    expect(ended.stdout + ended.stderr).toMatch(/sha256|digest/)
    expect(await lab.sh('ls /opt/cni/bin/loopback 2>/dev/null || :')).toBe('')
  })
})

async function accepted(): Promise<Record<string, string>> {
  const { parse } = await import('yaml')
  return parse(await readFile(lab.inventory, 'utf8')).accept
}

/** depmod writes its tables anew. */
function withoutModules(text: string): string {
  return text.replaceAll(/^\/etc\/modules.*\n/gm, '')
}

/** The lab's own bundle, linked, with one byte of one file changed. */
async function flippedBundle(path: string): Promise<string> {
  const bundle = await makeBundle({ cacheDir: join(lab.cli.cacheDir, 'provision'), report: () => {}, jobs: 1 })
  const copy = join(lab.cli.folder, 'bundle')
  const linked = await command(['cp', '-as', bundle.path, copy], { deadlineMs: 60_000 })
  expect(linked.code, linked.stderr).toBe(0)
  const bytes = await readFile(join(bundle.path, path))
  bytes[bytes.length >> 1] = (bytes[bytes.length >> 1] ?? 0) ^ 1
  await rm(join(copy, path))
  await writeFile(join(copy, path), bytes)
  await rm(join(copy, 'bundle.json'))
  await copyFile(join(bundle.path, 'bundle.json'), join(copy, 'bundle.json'))
  return copy
}
