import { afterAll, beforeAll, describe, expect, test } from 'vitest'
import { type Ended, describe as told } from '../../support/command-line.ts'
import { MainLab } from '../../support/main-lab.ts'
import { changed, changedAnywhere, findings } from '../../support/outcome.ts'

const UP_MS = 2_400_000
const CASE_MS = 600_000
const KUBEADM = '/usr/local/bin/kubeadm'
const SYSCTLS = '/etc/sysctl.d/99-k8s-network.conf'

let lab: MainLab
beforeAll(async () => {
  lab = await MainLab.standing()
}, UP_MS)
afterAll(async () => {
  await lab?.[Symbol.asyncDispose]()
})

// In order, and each leaves the cluster as it found it.
describe('a cluster that stands', () => {
  test('is well, and says so over one channel a host', { timeout: CASE_MS }, async () => {
    await lab.logSessions('w1')
    let ended: Ended | undefined
    const sessions = await lab.sessionsDuring(async () => {
      ended = await lab.cli.json(['status', lab.inventory])
    }, 'w1')
    if (!ended) throw new Error('it did not run')
    expect(ended.code, told(ended)).toBe(0)
    expect(sessions).toEqual({ channels: 1, sftp: 0 })
    expect(findings(ended, 'cp1').get('api-server')?.evidence).toBe('ready')
    expect(findings(ended, 'cp1').get('etcd')?.evidence).toMatch(/^3\.\d+\.\d+, leader, the only member, database \d/)
    expect(findings(ended, 'w1').get('certificates')?.evidence).toMatch(/^3, the first expires in 36\d days/)
    const table = await lab.cli.run(['status', lab.inventory])
    expect(table.stdout).toMatch(/✓ cp1 +yes +control-plane +1\.\d+\.\d+ +containerd [\d.]+ +[\d/]+ /)
    expect(table.stdout).toMatch(/✓ w2 +yes +worker /)
  })

  test('shows a change by hand as drift, touches nothing, and up puts it right', { timeout: CASE_MS }, async () => {
    const quiet = await lab.cli.run(['drift', lab.inventory])
    expect(quiet.code, told(quiet)).toBe(0)
    await lab.sh(`printf 'net.core.somaxconn = 1\\n' >>${SYSCTLS}`, CASE_MS, 'w1')
    const seen = `stat -c '%i %y' ${SYSCTLS}; ls -A /run/provision /var/lib/provision/blobs`
    const before = await lab.sh(seen, CASE_MS, 'w1')
    const ended = await lab.cli.run(['drift', lab.inventory])
    expect(ended.code, told(ended)).toBe(10)
    expect(ended.stdout).toContain('-net.core.somaxconn = 1\n')
    expect(ended.stdout).toMatch(/drift on 1 of 3 hosts: the inventory is that of the last up .* so the hosts changed/)
    expect(await lab.sh(seen, CASE_MS, 'w1')).toBe(before)
    const mended = await lab.cli.json(['up', lab.inventory, '--yes', '--only', 'kernel', '--limit', 'w1'])
    expect(mended.code, told(mended)).toBe(0)
    expect(changed(mended)).toEqual([`sysctls:${SYSCTLS}`])
  })

  test('gets other settings of the kubelet, node by node, and has them back', { timeout: CASE_MS }, async () => {
    const settings = '/var/lib/kubelet/config.yaml'
    const maxPods = () => lab.kubectl("get nodes -o jsonpath='{.items[*].status.capacity.pods}'")
    const fewer = ['up', lab.inventory, '--yes', '--no-prove', '--set', 'kubelet.maxPods=60']
    const plan = await lab.cli.json([...fewer, '--dry-run'])
    expect(plan.stdout, told(plan)).toContain('maxPods: 60')
    const before = await lab.sh(`cat ${settings}`, CASE_MS, 'w1')
    const ended = await lab.cli.json(fewer)
    expect(ended.code, told(ended)).toBe(0)
    for (const host of ['cp1', 'w1', 'w2']) expect(changed(ended, host), host).toContain('kubelet:settings')
    expect(await maxPods()).toBe('60 60 60')
    expect(changedAnywhere(await lab.cli.json(fewer))).toEqual([])
    const back = await lab.cli.json(['up', lab.inventory, '--yes', '--no-prove'])
    expect(back.code, told(back)).toBe(0)
    expect(await maxPods()).toBe('110 110 110')
    expect(await lab.sh(`cat ${settings}`, CASE_MS, 'w1')).toBe(before)
  })

  test('renews certificates that run out, also when it is killed in the middle', { timeout: CASE_MS * 2 }, async () => {
    // Ten days instead of a year: what kubeadm would have made eleven months ago.
    await lab.sh(
      `sed 's/^clusterName:.*/&\\ncertificateValidityPeriod: 240h0m0s/' /etc/kubernetes/provision/kubeadm.yaml >/run/short.yaml
for name in apiserver scheduler.conf; do ${KUBEADM} certs renew $name --config /run/short.yaml || exit; done; rm /run/short.yaml`,
      CASE_MS,
      'cp1',
    )
    const late = await lab.cli.json(['status', lab.inventory, '--limit', 'cp1'])
    expect(late.code, told(late)).toBe(4)
    expect(findings(late, 'cp1').get('certificates')).toMatchObject({
      met: false,
      evidence: '/etc/kubernetes/pki/apiserver.crt (9 days), /etc/kubernetes/scheduler.conf (9 days)',
      fix: 'provision certs renew',
    })
    const renew = ['certs', 'renew', lab.inventory, '--yes', '--days-left', '30', '--json']
    const cut = lab.cli.start(renew, {
      onEvent: (event) => {
        if (event.type === 'step' && event.state === 'start') cut.child.kill('SIGKILL')
      },
    })
    await cut.ended
    const ended = await lab.cli.run(renew)
    expect(ended.code, told(ended)).toBe(0)
    const well = await lab.cli.json(['status', lab.inventory, '--limit', 'cp1'])
    expect(well.code, told(well)).toBe(0)
    const again = await lab.cli.run(renew)
    expect(again.code, told(again)).toBe(0)
    // An API server that has just been started may be waited for once more.
    expect(changed(again).filter((key) => !key.startsWith('condition:'))).toEqual([])
    // Served, not only on disk.
    const script = `timeout 20 openssl s_client -connect 127.0.0.1:6443 </dev/null 2>/dev/null | openssl x509 -noout -checkend $((300 * 86400))`
    expect(await lab.sh(script, CASE_MS, 'cp1')).toContain('will not expire')
  })
})
