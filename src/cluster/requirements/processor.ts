import { X86_64_LEVELS, x86Level } from '../../catalog/cpu-levels.ts'
import { probe } from '../../core/fact.ts'
import { cpu } from '../../facts/cpu.ts'
import { type CpuTime, cpuTime } from '../../facts/cpu-time.ts'
import { virtualisation, virtualisationKind } from '../../facts/virtualisation.ts'
import { type Judgement, type Rule, undecided } from './rule.ts'
import type { VerifySettings } from './settings.ts'

const cpuProbe = probe(cpu, undefined)
const virtualisationProbe = probe(virtualisation, undefined)

/** What the machine runs on, and its processors. */
export function processorRules(settings: VerifySettings): readonly Rule[] {
  return [architecture, onMetalOrKvm, kvmDevice(settings), level, cpuCount(settings)]
}

/** Kernel names of what Kubernetes calls amd64 and arm64. */
const ARCHITECTURES: Readonly<Record<string, string>> = { x86_64: 'amd64', aarch64: 'arm64' }

const architecture: Rule = {
  id: 'architecture',
  probes: [cpuProbe],
  judge(answers) {
    const { arch, model } = answers.get(cpuProbe)
    const name = ARCHITECTURES[arch]
    const processor = model === '' ? '' : `, ${model}`
    return {
      met: name !== undefined,
      evidence:
        name === undefined ? arch || 'unknown: neither /proc/sys/kernel/arch nor uname tells' : `${name}${processor}`,
      threshold: 'amd64 or arm64',
      severity: 'required',
      fix: 'use a machine with a 64-bit Intel, AMD or Arm processor and a 64-bit system on it',
    }
  },
}

const onMetalOrKvm: Rule = {
  id: 'virtualisation',
  probes: [virtualisationProbe, cpuProbe],
  judge(answers) {
    const { kind, evidence } = virtualisationKind(answers.get(virtualisationProbe), answers.get(cpuProbe))
    return {
      met: kind === 'bare metal' || kind === 'kvm',
      evidence: `${kind} (${evidence})`,
      threshold: 'bare metal or kvm',
      severity: 'required',
      fix: kind.startsWith('container')
        ? 'a container shares its host’s kernel: use the host itself, or a KVM machine on it'
        : 'move to bare metal or a KVM machine; where it must be this one, accept it with the reason',
    }
  },
}

function kvmDevice({ thresholds }: VerifySettings): Rule {
  return {
    id: 'kvm-device',
    probes: [virtualisationProbe, cpuProbe],
    judge(answers) {
      const { kvmDevice: there } = answers.get(virtualisationProbe)
      const { flags } = answers.get(cpuProbe)
      const flag = ['vmx', 'svm'].find((name) => flags.has(name))
      const processor = flag === undefined ? 'no processor flag vmx or svm' : `processor flag ${flag}`
      return {
        met: there,
        evidence: there ? '/dev/kvm is there' : `no /dev/kvm, ${processor}`,
        threshold: '/dev/kvm is there',
        severity: thresholds.nestedVirtualisation ? 'required' : 'advised',
        fix:
          flag === undefined
            ? 'switch virtualisation on in the firmware, or nested virtualisation in the hypervisor'
            : 'load the module: modprobe kvm_intel or kvm_amd',
      }
    },
  }
}

/** The level Debian 14, RHEL 9 and most recent images are compiled for. */
const LEVEL = 2

const level: Rule = {
  id: 'x86-64-level',
  probes: [cpuProbe],
  judge(answers) {
    const { arch, flags } = answers.get(cpuProbe)
    const threshold = `x86-64-v${LEVEL}`
    if (arch !== 'x86_64') return { met: true, evidence: `does not apply to ${arch}`, threshold, severity: 'required' }
    if (flags.size === 0)
      return undecided('/proc/cpuinfo shows no flags', threshold, 'run: /lib64/ld-linux-x86-64.so.2 --help')
    const { level: seen, missing } = x86Level(flags)
    const next = seen < X86_64_LEVELS.length ? `, v${seen + 1} lacks ${missing.join(' ')}` : ''
    return {
      met: seen >= LEVEL,
      evidence: seen === 0 ? `not even v1: lacks ${missing.join(' ')}` : `x86-64-v${seen}${next}`,
      threshold,
      severity: 'required',
      fix: 'in a virtual machine, give it the processor of its host (QEMU: -cpu host); otherwise the processor is too old',
    }
  },
}

function cpuCount({ controlPlane, thresholds }: VerifySettings): Rule {
  const wanted = thresholds.cpuCount ?? (controlPlane ? 2 : 1)
  return {
    id: 'cpu-count',
    probes: [cpuProbe],
    judge(answers) {
      const { count } = answers.get(cpuProbe)
      const threshold = `at least ${wanted}`
      if (count === undefined) return undecided('neither /sys nor /proc/cpuinfo counts them', threshold, 'run: nproc')
      return {
        met: count >= wanted,
        evidence: `${count} online`,
        threshold,
        severity: 'required',
        fix: `give the machine ${wanted} processors${controlPlane ? ', or let it be a worker' : ''}`,
      }
    },
  }
}

/** Ticks (10 ms of one processor) below which a share says nothing. */
const ENOUGH_TICKS = 100

/**
 * Asked last in a look: the time since `cpu` was asked, first, is the sample. A look that only reads is too short to tell;
 * then the share since boot is shown, and the evidence says so.
 */
export function cpuSteal({ thresholds, measureAgain }: VerifySettings): Rule {
  const end = probe(cpuTime, { afterSeconds: measureAgain ? thresholds.cpuStealSampleSeconds : 0 })
  return {
    id: 'cpu-steal',
    probes: [cpuProbe, end],
    judge: (answers) => judgeSteal(answers.get(cpuProbe).time, answers.get(end), thresholds.cpuStealPercent),
  }
}

function judgeSteal(begin: CpuTime | undefined, end: CpuTime | undefined, limitPercent: number): Judgement {
  const threshold = `at most ${limitPercent} %`
  if (!begin || !end)
    return undecided('/proc/stat cannot be read', threshold, 'run: vmstat 1 5, and read the column st')
  const sampled = end.totalTicks - begin.totalTicks
  const seconds = end.uptimeSeconds - begin.uptimeSeconds
  const sinceBoot = percent(end.stealTicks, end.totalTicks)
  const sample = percent(end.stealTicks - begin.stealTicks, sampled)
  const long = sampled >= ENOUGH_TICKS
  const sampleText = `${sample.toFixed(1)} % during ${seconds.toFixed(1)} s of this look`
  const bootText = `${sinceBoot.toFixed(1)} % since boot`
  return {
    met: (long ? sample : sinceBoot) <= limitPercent,
    evidence: long ? `${sampleText}, ${bootText}` : `${bootText} (this look was too short for a sample of its own)`,
    threshold,
    // What was stolen long ago is worth knowing, and no reason to refuse a machine today.
    severity: long ? 'required' : 'advised',
    fix: 'ask the provider for a machine on a less crowded host, or for dedicated processors',
  }
}

function percent(part: number, whole: number): number {
  return whole <= 0 ? 0 : (part * 100) / whole
}
