import { afterAll, beforeAll, expect, test } from 'vitest'
import { directory } from '../../../src/resources/directory.ts'
import { kernelModules } from '../../../src/resources/kernel-modules.ts'
import { openFiles } from '../../../src/resources/open-files.ts'
import { reboot } from '../../../src/resources/reboot.ts'
import { swapOff } from '../../../src/resources/swap-off.ts'
import { sysctls } from '../../../src/resources/sysctls.ts'
import { LabMachine } from '../../support/lab-machine.ts'

/** What containers cannot have: modules, swap, system-wide limits and a restart, on a machine with its own kernel. */
let machine: LabMachine

beforeAll(async () => {
  machine = await LabMachine.start('resources-test')
})
afterAll(async () => {
  await machine[Symbol.asyncDispose]()
})

const MODULES = '/etc/modules-load.d/k8s.conf'
const BRIDGE = 'net.bridge.bridge-nf-call-iptables'

const kernel = () => [
  kernelModules({
    file: MODULES,
    modules: [
      'overlay',
      'br_netfilter',
      'ip_vs',
      'ip_vs_rr',
      'ip_vs_wrr',
      'ip_vs_sh',
      ['nf_conntrack', 'nf_conntrack_ipv4'],
    ],
  }),
  sysctls(
    {
      file: '/etc/sysctl.d/99-k8s-network.conf',
      values: { 'net.ipv4.ip_forward': 1, [BRIDGE]: 1, 'fs.file-max': 2_097_152 },
    },
    { after: [`modules:${MODULES}`] },
  ),
  openFiles({ count: 65_536 }),
  swapOff(),
]

test('a bare machine: the plan shows everything and touches nothing', async () => {
  await machine.sh(`dd if=/dev/zero of=/swapfile bs=1M count=16 2>/dev/null; chmod 600 /swapfile; mkswap /swapfile >/dev/null
printf '/swapfile\\tnone\\tswap\\tsw\\t0 0\\n' >>/etc/fstab
dd if=/dev/zero of=/swapfile2 bs=1M count=16 2>/dev/null; chmod 600 /swapfile2; mkswap /swapfile2 >/dev/null
printf '[Swap]\\nWhat=/swapfile2\\n[Install]\\nWantedBy=swap.target\\n' >/usr/lib/systemd/system/swapfile2.swap
systemctl daemon-reload; systemctl enable --now swapfile2.swap; swapon /swapfile`)
  const before = await machine.trace()
  const { plan } = await machine.plan(kernel())
  expect(await machine.trace()).toBe(before)
  const changes = Object.fromEntries(
    plan?.resources.map(({ key, changes }) => [key, changes.map(({ what, from, to }) => `${what}: ${from} → ${to}`)]) ??
      [],
  )
  expect(changes).toMatchObject({
    [`modules:${MODULES}`]: expect.arrayContaining([
      'br_netfilter: not loaded → loaded',
      'ip_vs_sh: not loaded → loaded',
    ]),
    'sysctls:/etc/sysctl.d/99-k8s-network.conf': expect.arrayContaining([
      'net.ipv4.ip_forward: 0 → 1',
      `${BRIDGE}: absent, br_netfilter is not loaded → 1`,
    ]),
    'limits:open-files': expect.arrayContaining(['services started from now on: 1024 (up to 524288) → 65536']),
    'swap:off': expect.arrayContaining([
      'swapfile2.swap: starts at boot → masked',
      '/swapfile: swapped to → off',
      '/swapfile2: swapped to → off',
    ]),
  })
})

test('it is done in one run, and a second one changes nothing', async () => {
  expect((await machine.up(kernel())).result).toMatchObject({ verdict: 'ok', changed: 4, failures: [] })
  const done = await machine.trace()
  expect((await machine.up(kernel())).result).toMatchObject({ verdict: 'ok', changed: 0, unchanged: 4 })
  expect(await machine.trace()).toBe(done)
  expect(await machine.sh('cat /proc/swaps | wc -l')).toBe('1\n')
  expect(await machine.sh('systemd-run --quiet --pipe sh -c "ulimit -n"')).toBe('65536\n')
})

test('drift is found and mended', async () => {
  for (const [script, says] of [
    ['modprobe -r ip_vs_sh', /ip_vs_sh.*not loaded/],
    ['sysctl -qw net.ipv4.ip_forward=0', /net.ipv4.ip_forward/],
    [
      'printf "[Manager]\\nDefaultLimitNOFILE=2048\\n" >/etc/systemd/system.conf.d/50-provision.conf; systemctl daemon-reexec',
      /"2048".*"65536"/,
    ],
    ['swapon /swapfile', /\/swapfile.*swapped to/],
  ] as const) {
    await machine.sh(script)
    expect(JSON.stringify((await machine.plan(kernel())).plan)).toMatch(says)
    expect((await machine.up(kernel())).result, script).toMatchObject({ verdict: 'ok', changed: 1 })
  }
})

test('a restart is proven, happens once, and everything is still there after it', async () => {
  const restart = () => [
    directory({ path: '/srv/before' }),
    reboot({ when: ['packages ask'] }),
    ...kernel(),
    directory({ path: '/srv/after' }),
  ]
  await machine.sh('printf "libc6\\n" >/run/reboot-required.pkgs; : >/run/reboot-required')
  const boot = await machine.sh('cat /proc/sys/kernel/random/boot_id')
  const { result, plan } = await machine.up(restart())
  expect(plan?.resources.find(({ key }) => key === 'reboot:host')?.changes[0]).toMatchObject({
    from: 'libc6 asks for a restart',
  })
  expect(result).toMatchObject({ verdict: 'ok', failures: [], changed: 3, unchanged: 4 })
  const next = await machine.sh('cat /proc/sys/kernel/random/boot_id')
  expect(next).not.toBe(boot)
  expect((await machine.up(restart())).result).toMatchObject({ verdict: 'ok', changed: 0 })
  expect(await machine.sh('cat /proc/sys/kernel/random/boot_id')).toBe(next)
})

test('a module this kernel does not have is named, with the package that may have it', async () => {
  const { result } = await machine.up([
    kernelModules({ file: '/etc/modules-load.d/x.conf', modules: ['no_such_module'] }),
  ])
  expect(result.verdict).toBe('failed')
  expect(result.failures[0]?.trouble.what).toMatch(
    /kernel 7\.[0-9.]+\S* has no module no_such_module.*kernel-modules-extra/,
  )
})
