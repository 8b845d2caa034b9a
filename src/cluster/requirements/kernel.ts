import { type KernelFloor, kernelFloors } from '../../catalog/kernel-floors.ts'
import { CGROUP_V2_SINCE_MINOR, kernelOptions, OPTION_OF_MODULE } from '../../catalog/kernel-options.ts'
import { type Answers, probe } from '../../core/fact.ts'
import { cgroup } from '../../facts/cgroup.ts'
import { isAtLeast, kernel } from '../../facts/kernel.ts'
import { kernelConfig } from '../../facts/kernel-config.ts'
import { kernelModuleProbe } from '../../facts/kernel-module.ts'
import { type Judgement, type Rule, undecided } from './rule.ts'
import type { VerifySettings } from './settings.ts'

const kernelProbe = probe(kernel, undefined)
const cgroupProbe = probe(cgroup, undefined)

export function kernelRules(settings: VerifySettings): readonly Rule[] {
  const usesBpf = settings.kernelUsers.some((user) => user === 'cilium' || user === 'calico ebpf')
  return [version(settings), modules(settings), options(settings), ...(usesBpf ? [btf] : []), controlGroups(settings)]
}

function version({ kernelUsers }: VerifySettings): Rule {
  const floors = kernelFloors(kernelUsers)
  const highest = (severity: KernelFloor['severity']) =>
    floors
      .filter((floor) => floor.severity === severity)
      .reduce<readonly number[]>((top, floor) => (isAtLeast(top, floor.version) ? top : floor.version), [0])
  return {
    id: 'kernel-version',
    probes: [kernelProbe],
    judge(answers) {
      const { release, version: seen } = answers.get(kernelProbe)
      const threshold = `${highest('required').join('.')} or later${advice(highest('advised'), highest('required'))}`
      if (seen.length === 0) return undecided('/proc/sys/kernel/osrelease cannot be read', threshold, 'run: uname -r')
      const below = floors.filter((floor) => !isAtLeast(seen, floor.version) && !floor.backported?.test(release))
      const reasons = below.map((floor) => `${floor.user} wants ${floor.version.join('.')}: ${floor.reason}`)
      return {
        met: below.length === 0,
        evidence: [release, ...reasons].join('; '),
        threshold,
        severity: below.length === 0 || below.some(({ severity }) => severity === 'required') ? 'required' : 'advised',
        fix: 'install a newer kernel of the distribution (Debian: linux-image-amd64 from backports; Ubuntu: the HWE kernel) and restart',
      }
    },
  }
}

function advice(advised: readonly number[], required: readonly number[]): string {
  return isAtLeast(required, advised) ? '' : `, better ${advised.join('.')}`
}

/** Where a module was found, whatever its name was when the kernel was built. */
type Supply = 'there' | 'missing' | 'unknown'

function modules({ modules: wanted }: VerifySettings): Rule {
  const names = wanted.flat()
  const option = (name: string) => OPTION_OF_MODULE[name]
  const supply = (answers: Answers, name: string): Supply => {
    if (answers.get(kernelModuleProbe(name)).state !== 'missing') return 'there'
    const config = option(name)
    const state = config === undefined ? 'unknown' : answers.get(probe(kernelConfig, config))
    if (state === 'y') return 'there'
    return state === 'unknown' && !answers.get(kernelProbe).moduleList ? 'unknown' : 'missing'
  }
  return {
    id: 'kernel-modules',
    probes: [
      kernelProbe,
      ...names.map(kernelModuleProbe),
      ...names.flatMap((name) => option(name) ?? []).map((name) => probe(kernelConfig, name)),
    ],
    judge(answers) {
      const best = wanted.map((same) => ({
        name: same[0] ?? '',
        supply: bestOf(same.map((name) => supply(answers, name))),
      }))
      const named = (state: Supply) => best.filter((one) => one.supply === state).map(({ name }) => name)
      return judgeModules(
        { there: named('there'), missing: named('missing'), unknown: named('unknown') },
        answers.get(kernelProbe).release,
      )
    },
  }
}

function bestOf(supplies: readonly Supply[]): Supply {
  return (['there', 'unknown', 'missing'] as const).find((one) => supplies.includes(one)) ?? 'missing'
}

function judgeModules(found: Readonly<Record<Supply, readonly string[]>>, release: string): Judgement {
  const { there, missing, unknown } = found
  const threshold = `loaded, built in or loadable: ${[...there, ...missing, ...unknown].join(' ')}`
  if (missing.length > 0)
    return {
      met: false,
      evidence: `${release} has no ${missing.join(', ')}`,
      threshold,
      severity: 'required',
      fix: 'install the rest of the kernel’s modules (Debian and Ubuntu: linux-image-amd64, not -cloud- or -virtual; linux-modules-extra-$(uname -r); Enterprise Linux 10: kernel-modules-extra), or choose a mode that needs less (kubernetes.kubeProxy.mode: nftables)',
    }
  if (unknown.length > 0)
    return undecided(
      `${release} lists neither its modules nor its options, so ${unknown.join(', ')} cannot be told`,
      threshold,
      `run on the host: modprobe -n -v ${unknown[0]}`,
    )
  return { met: true, evidence: `all ${there.length} there`, threshold, severity: 'required' }
}

function options({ kernelUsers }: VerifySettings): Rule {
  const wanted = kernelOptions(kernelUsers)
  const ask = (name: string) => probe(kernelConfig, name)
  return {
    id: 'kernel-config',
    probes: wanted.flatMap(({ names }) => names.map(ask)),
    judge(answers) {
      const seen = wanted.map((option) => ({ ...option, states: option.names.map((name) => answers.get(ask(name))) }))
      const threshold = `${wanted.length} options are y or m`
      if (seen.every(({ states }) => states.includes('unknown')))
        return undecided(
          'no /proc/config.gz, and no config file beside the kernel',
          threshold,
          'run: modprobe configs, or look into the package of the kernel for its config',
        )
      const missing = seen.filter(({ states }) => !states.some((state) => state === 'y' || state === 'm'))
      return {
        met: missing.length === 0,
        evidence:
          missing.length === 0
            ? `all ${wanted.length} there`
            : missing.map(({ names, user, why }) => `CONFIG_${names[0]} is not set (${user}: ${why})`).join('; '),
        threshold,
        severity: 'required',
        fix: 'use a kernel of the distribution, or build this one with these options',
      }
    },
  }
}

const btf: Rule = {
  id: 'kernel-btf',
  probes: [kernelProbe],
  judge: (answers) => ({
    met: answers.get(kernelProbe).btf,
    evidence: answers.get(kernelProbe).btf ? '/sys/kernel/btf/vmlinux is there' : 'no /sys/kernel/btf/vmlinux',
    threshold: '/sys/kernel/btf/vmlinux is there',
    severity: 'advised',
    fix: 'use a kernel built with CONFIG_DEBUG_INFO_BTF',
  }),
}

/** Without these, limits and evictions of pods do nothing. kubeadm asks for cpuset too: see `kernel-config`. */
const CONTROLLERS = ['cpu', 'memory', 'pids'] as const

function controlGroups({ kubernetesMinor }: VerifySettings): Rule {
  const needed = kubernetesMinor >= CGROUP_V2_SINCE_MINOR
  return {
    id: 'cgroup',
    probes: [cgroupProbe],
    judge(answers) {
      const { version: seen, controllers } = answers.get(cgroupProbe)
      const threshold = `version 2 with ${CONTROLLERS.join(', ')}`
      if (seen === undefined)
        return undecided('nothing is mounted on /sys/fs/cgroup', threshold, 'run: stat -fc %T /sys/fs/cgroup')
      const missing = CONTROLLERS.filter((name) => !controllers.includes(name))
      const old = seen === 1
      return {
        met: !old && missing.length === 0,
        evidence: `version ${seen}${missing.length > 0 ? `, without ${missing.join(', ')}` : `, ${controllers.join(' ')}`}`,
        threshold,
        severity: missing.length > 0 || needed ? 'required' : 'advised',
        fix: old
          ? 'start the kernel with systemd.unified_cgroup_hierarchy=1 (in /etc/default/grub, then update-grub and restart)'
          : 'remove cgroup_disable=… from the kernel’s command line and restart',
      }
    },
  }
}
