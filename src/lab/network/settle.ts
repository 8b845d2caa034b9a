import { readFile, rm, writeFile } from 'node:fs/promises'
import { join } from 'node:path'
import type { LabContext } from '../context.ts'
import { hardwareAddress } from '../identity.ts'
import { command, failed } from '../local/command.ts'
import type { Machine } from '../machine.ts'
import { sshArgv } from '../ssh.ts'
import { readMachines, writeMachine } from '../state.ts'
import { task } from '../task.ts'
import { tapOf } from './addresses.ts'
import { applyBridgeRules, bridgeRules } from './bridge-rules.ts'
import { ensureTap } from './lan.ts'
import { installScript, NEEDS_POWER } from './shaper.ts'
import { linksOf, PLAIN_NETWORK } from './wire.ts'

const SETTLE_DEADLINE_MS = 120_000
/** File with the rules the bridge has. */
const RULES = 'bridge-rules'

/**
 * Gives a machine that answers the network its spec says, on both ends of its cable, and notes that down.
 * @returns nothing when it takes that only when it starts: it has to be switched off and on
 */
export async function settleNetwork(context: LabContext, machine: Machine): Promise<Machine | undefined> {
  const network = machine.spec.network ?? PLAIN_NETWORK
  const id = `lab/${machine.name}/network`
  return task(context.report, id, `Connect machine ${machine.name} as wanted`, async () => {
    await ensureTap(context.namespace, tapOf(machine.index), network.mtu)
    const peers = linksOf(machine.name, network).map(([name]) => ({
      name,
      hardwareAddress: hardwareAddress({ folder: join(context.folder.machines, name) }),
    }))
    const argv = [...sshArgv(machine, context.folder.knownHosts), 'sh -s']
    const options = { deadlineMs: SETTLE_DEADLINE_MS, input: installScript(machine, network, peers) }
    const result = await command(argv, options)
    if (result.code === NEEDS_POWER) return undefined
    if (result.code !== 0) throw failed(argv, result, options)
    const ready = { ...machine, networkReady: true }
    await writeMachine(ready)
    return ready
  })
}

/**
 * Gives the bridge the rules of all machines. Which it has stands in a file; while they change, it says no such thing: whoever
 * comes after a crash puts them there anew.
 */
export async function settleBridge(context: LabContext): Promise<void> {
  const rules = bridgeRules(await readMachines(context.folder))
  const text = rules.map((rule) => `${rule}\n`).join('')
  const path = join(context.folder.root, RULES)
  const before = await readFile(path, 'utf8').catch(() => '')
  if (text === before) return
  await writeFile(path, 'changing\n', { mode: 0o600 })
  await applyBridgeRules(context.namespace, rules, context.report)
  await writeFile(path, text)
}

/** To be called before a new network is made: its bridge has no rules. */
export async function forgetBridge(context: LabContext): Promise<void> {
  await rm(join(context.folder.root, RULES), { force: true })
}
