import { probe } from '../../core/fact.ts'
import { memory } from '../../facts/memory.ts'
import { type Rule, undecided } from './rule.ts'
import type { VerifySettings } from './settings.ts'

const memoryProbe = probe(memory, undefined)

export function memoryRules(settings: VerifySettings): readonly Rule[] {
  return [enough(settings), swap(settings)]
}

/** kubeadm's own floor is 1700 MB for a control plane (kubeadm constants.ControlPlaneMem); a worker has none there. */
function enough({ controlPlane, thresholds }: VerifySettings): Rule {
  const wanted = thresholds.memoryMiB ?? (controlPlane ? 1700 : 1000)
  return {
    id: 'memory',
    probes: [memoryProbe],
    judge(answers) {
      const { totalKiB } = answers.get(memoryProbe)
      const threshold = `at least ${wanted} MiB`
      if (totalKiB === undefined) return undecided('/proc/meminfo cannot be read', threshold, 'run: free -m')
      const totalMiB = Math.floor(totalKiB / 1024)
      return {
        met: totalMiB >= wanted,
        evidence: `${totalMiB} MiB`,
        threshold,
        severity: 'required',
        fix: `give the machine ${wanted} MiB or more (the kernel keeps some of what is built in for itself)`,
      }
    },
  }
}

function swap({ swap: wish }: VerifySettings): Rule {
  return {
    id: 'swap',
    probes: [memoryProbe],
    judge(answers) {
      const { swapKiB } = answers.get(memoryProbe)
      const threshold = wish === 'off' ? 'off' : 'as it is: the inventory keeps it (kernel.swap: keep)'
      if (swapKiB === undefined) return undecided('/proc/meminfo cannot be read', threshold, 'run: swapon --show')
      return {
        met: swapKiB === 0 || wish === 'keep',
        evidence: swapKiB === 0 ? 'off' : `${Math.ceil(swapKiB / 1024)} MiB on`,
        threshold,
        severity: 'advised',
        fix: 'nothing to do: `provision up` turns it off now and for good; with kernel.swap: keep in the inventory it stays',
      }
    },
  }
}
