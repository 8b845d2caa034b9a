import { readFile, writeFile } from 'node:fs/promises'
import { join } from 'node:path'
import { parseDocument } from 'yaml'
import { describe } from '../support/command-line.ts'
import { MainLab } from '../support/main-lab.ts'
import { proxyGrowth } from './proxy-growth.ts'

/** Of this tree, and ignored by git. */
const FOLDER = join(import.meta.dirname, '../../.provision/bench')
const DEADLINE_MS = 3_600_000

/** How each mode of kube-proxy grows, on a machine of its own. */
export async function* proxy(): AsyncGenerator<string> {
  await using lab = await MainLab.open('bench-proxy', [['lab.memory', '3G']])
  const machine = {
    choose: async (mode: string) => {
      const document = parseDocument(await readFile(lab.inventory, 'utf8'))
      document.setIn(['kubernetes', 'kubeProxy'], { mode })
      await writeFile(lab.inventory, String(document))
      const ended = await lab.cli.json(['up', lab.inventory, '--yes', '--no-prove'])
      if (ended.code !== 0) throw new Error(describe(ended))
    },
    sh: (script: string) => lab.sh(script, DEADLINE_MS),
  }
  await machine.choose('iptables')
  yield* proxyGrowth(machine, FOLDER)
}
