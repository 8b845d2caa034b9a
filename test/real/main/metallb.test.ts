import { join } from 'node:path'
import { afterAll, beforeAll, describe, expect, test } from 'vitest'
import { command } from '../../../src/lab/local/command.ts'
import { LAN } from '../../../src/lab/network/addresses.ts'
import { type Ended, eventsOf, describe as told } from '../../support/command-line.ts'
import { HTTP_APP, httpService } from '../../support/http-app.ts'
import { KUBECTL, MainLab } from '../../support/main-lab.ts'
import { changedAnywhere } from '../../support/outcome.ts'

const UP_MS = 2_400_000
const STEP_MS = 600_000
const WHO_HAS = join(import.meta.dirname, '../../support/who-has.py')

const OFFICE = ['10.77.0.200-10.77.0.203']
const SPARE = { addresses: ['10.77.0.240/30'], autoAssign: false }
/** Nobody speaks BGP there: what is shown is that settings and password arrive. */
const FAR = { addresses: ['198.51.100.0/28'], mode: 'bgp', autoAssign: false }
const ROUTER = { peerAddress: LAN.gateway, peerASN: 64_500, myASN: 64_501, password: { env: 'BGP_PASSWORD' } }
const PASSWORD = 'correct horse battery staple'

const SERVICE = `${HTTP_APP}---${httpService('LoadBalancer')}`

let lab: MainLab
let address: string
beforeAll(async () => {
  lab = await MainLab.standing()
}, UP_MS)
afterAll(async () => {
  // The cluster is shared: nothing of this stays.
  await lab?.on(
    `${KUBECTL} delete --ignore-not-found service/answering deployment/answering configmap/answering
${KUBECTL} delete --ignore-not-found validatingwebhookconfiguration/metallb-webhook-configuration namespace/metallb-system
${KUBECTL} get crd -o name | grep '\\.metallb\\.io$' | xargs -r ${KUBECTL} delete
${KUBECTL} get clusterrole,clusterrolebinding -o name | grep metallb-system: | xargs -r ${KUBECTL} delete`,
    STEP_MS,
    'cp1',
  )
  await lab?.[Symbol.asyncDispose]()
}, STEP_MS)

function up(...options: readonly string[]): Promise<Ended> {
  return lab.cli.json(['up', lab.inventory, '--yes', ...options], { BGP_PASSWORD: PASSWORD })
}

/** From the lab's own end of the network, which is no node. */
function outside(argv: readonly string[], deadlineMs = 30_000) {
  return command(lab.lab.inside(argv), { deadlineMs })
}

async function answers(): Promise<boolean> {
  const { code, stdout } = await outside(['curl', '-s', '-m', '1', `http://${address}/health`])
  return code === 0 && stdout === 'OK'
}

/** Names of the machines that answer ARP for the address within two seconds. */
async function whoHas(): Promise<readonly string[]> {
  const { stdout } = await outside(['python3', WHO_HAS, LAN.bridge, address, '2'])
  const said = [...new Set(stdout.split('\n').filter((line) => line !== ''))]
  const machines = await lab.lab.list()
  const known = await Promise.all(
    machines.map(async ({ machine, running }) => ({
      name: machine.name,
      hardware: running ? await hardwareOf(machine.name) : undefined,
    })),
  )
  return said.map((hardware) => known.find((one) => one.hardware === hardware)?.name ?? hardware)
}

/** Of the card by which a machine reaches the lab's end of the network. */
const CARD = 'set -- $(ip -o route get 10.77.0.1) && cat "/sys/class/net/$3/address"'

const hardware = new Map<string, string>()
async function hardwareOf(name: string): Promise<string> {
  const found = hardware.get(name) ?? (await lab.sh(CARD, STEP_MS, name)).trim()
  hardware.set(name, found)
  return found
}

async function until(what: string, limitMs: number, holds: () => Promise<boolean>): Promise<number> {
  const begin = performance.now()
  while (!(await holds())) if (performance.now() - begin > limitMs) throw new Error(`not within ${limitMs} ms: ${what}`)
  return performance.now() - begin
}

// In order: each begins with what the one before left.
describe('MetalLB', () => {
  test('is installed where the inventory has pools, and says what it gives out', { timeout: UP_MS }, async () => {
    await lab.change(['loadBalancer'], {
      metallb: { pools: { office: { addresses: OFFICE }, spare: SPARE, far: FAR }, peers: { router: ROUTER } },
    })
    const ended = await up()
    expect(ended.code, told(ended)).toBe(0)
    const proof = eventsOf(ended, 'resource').find(({ resource }) => resource.key === 'condition:metallb-pools')
    expect(proof?.resource.note).toBe(
      'office 10.77.0.200-10.77.0.203 (l2): 0 of 4 given out; spare 10.77.0.240/30 (l2): 0 of 4 given out; far 198.51.100.0/28 (bgp): 0 of 16 given out',
    )
    expect(ended.stdout + ended.stderr).not.toContain(PASSWORD)
    expect(ended.stdout + ended.stderr).not.toContain(Buffer.from(PASSWORD).toString('base64'))
    const kept = await lab.kubectl(
      "-n metallb-system get secret bgp-password-router -o jsonpath='{.type} {.data.password}'",
    )
    expect(kept).toBe(`kubernetes.io/basic-auth ${Buffer.from(PASSWORD).toString('base64')}`)
  })

  test('changes nothing the second time, with one look', { timeout: STEP_MS }, async () => {
    await lab.logSessions('cp1')
    let ended: Ended | undefined
    const sessions = await lab.sessionsDuring(async () => {
      ended = await up()
    }, 'cp1')
    expect(ended?.code).toBe(0)
    expect(changedAnywhere(ended as Ended)).toEqual([])
    expect(sessions).toEqual({ channels: 2, sftp: 0 })
  })

  test('answers from outside, by ARP from exactly one node', {
    timeout: STEP_MS,
    meta: { shows: ['MetalLB, l2'] },
  }, async () => {
    await lab.sh(`${KUBECTL} apply -f - <<'END'\n${SERVICE}\nEND`, STEP_MS, 'cp1')
    await lab.kubectl('rollout status deployment/answering --timeout=300s')
    address = await lab.kubectl("get service answering -o jsonpath='{.status.loadBalancer.ingress[0].ip}'")
    expect(address).toMatch(/^10\.77\.0\.20[0-3]$/)
    await until('an answer', 60_000, answers)
    const [owner, ...others] = await whoHas()
    expect(others).toEqual([])
    expect(['w1', 'w2']).toContain(owner)
  })

  test('forgets a pool that is deleted, and leaves what others made', { timeout: STEP_MS }, async () => {
    const theirs = {
      apiVersion: 'metallb.io/v1beta1',
      kind: 'IPAddressPool',
      metadata: { name: 'theirs', namespace: 'metallb-system' },
    }
    await lab.sh(
      `${KUBECTL} apply -f - <<'END'\n${JSON.stringify({ ...theirs, spec: { addresses: ['10.77.0.250/32'], autoAssign: false } })}\nEND`,
      STEP_MS,
      'cp1',
    )
    await lab.change(['loadBalancer', 'metallb', 'pools', 'spare'], undefined)
    const dry = await lab.cli.json(['up', lab.inventory, '--dry-run'], { BGP_PASSWORD: PASSWORD })
    expect(dry.stdout, told(dry)).toContain('IPAddressPool spare')
    expect(await lab.kubectl('-n metallb-system get ipaddresspools.metallb.io -o name')).toContain('/spare')
    const ended = await up()
    expect(ended.code, told(ended)).toBe(0)
    expect(changedAnywhere(ended)).toEqual(['cp1 removed:metallb-config', 'cp1 manifests:metallb-config'])
    expect(
      (await lab.kubectl('-n metallb-system get ipaddresspools.metallb.io,l2advertisements.metallb.io -o name')).split(
        '\n',
      ),
    ).toEqual([
      'ipaddresspool.metallb.io/far',
      'ipaddresspool.metallb.io/office',
      'ipaddresspool.metallb.io/theirs',
      'l2advertisement.metallb.io/office',
    ])
    expect(changedAnywhere(await up())).toEqual([])
  })

  test('has another node answer when that one is gone, and one again when it is back', { timeout: UP_MS }, async () => {
    const [owner = ''] = await whoHas()
    const survivor = owner === 'w1' ? 'w2' : 'w1'
    // What answers must not go away with who is asked for it.
    const place = { spec: { template: { spec: { nodeSelector: { 'kubernetes.io/hostname': survivor } } } } }
    await lab.kubectl(`patch deployment answering --type merge -p '${JSON.stringify(place)}'`)
    await lab.kubectl('rollout status deployment/answering --timeout=300s')
    await until('an answer', 60_000, answers)
    expect(await whoHas()).toEqual([owner])

    await lab.lab.off(owner)
    const backMs = await until('an answer without the node', 120_000, answers)
    await until('one answer', 60_000, async () => String(await whoHas()) === survivor)
    process.stdout.write(
      `${owner} lost its power: ${address} was answered again after ${(backMs / 1000).toFixed(1)} s, by ${survivor}\n`,
    )

    await lab.lab.on(owner)
    await lab.kubectl(`wait --for=condition=Ready node/${owner} --timeout=600s`)
    const ended = await up()
    expect(ended.code, told(ended)).toBe(0)
    expect(await answers()).toBe(true)
    await until('one answer', 60_000, async () => (await whoHas()).length === 1)
  })
})
