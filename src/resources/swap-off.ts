import type { Change } from '../core/change.ts'
import { argv } from '../core/quote.ts'
import { type Resource, type ResourceOptions, type ResourceType, resource } from '../core/resource.ts'
import type { Step } from '../core/step.ts'
import { pathProbe } from '../facts/path.ts'
import { FSTAB_SWAP, type Swap, swapProbe } from '../facts/swap.ts'
import { rewriteScript } from './rewrite.ts'

/** Bringing swapped pages back to memory takes as long as the disk needs to read them. */
const SWAPOFF_TIMEOUT_MS = 900_000
const ZRAM_CONFIG = '/etc/systemd/zram-generator.conf'

interface Have extends Swap {
  /** Something is mounted at /etc/fstab. */
  readonly mounted: boolean
}

/** No swap: not now and not after the next boot, wherever it comes from. */
export function swapOff(options?: ResourceOptions): Resource {
  return resource(swapOffType, undefined, { title: 'swap off', ...options })
}

export const swapOffType: ResourceType<undefined, Have> = {
  name: 'swap-off',
  key: () => 'swap:off',
  // Masking makes links in the folder of units.
  paths: () => ['/etc/fstab', ZRAM_CONFIG, `${ZRAM_CONFIG}.before-provision`, '/etc/systemd/system'],
  probes: () => [swapProbe, pathProbe('/etc/fstab')],
  observe(_want, answers) {
    const fstab = answers.get(pathProbe('/etc/fstab'))
    const swap = answers.get(swapProbe)
    if (swap.fstab.length > 0 && fstab.kind !== 'file')
      return { unknown: `/etc/fstab is a ${fstab.kind}: comment out its swap lines by hand` }
    return { ...swap, mounted: fstab.kind === 'file' && fstab.mounted }
  },
  diff: (_want, have): readonly Change[] => [
    ...have.fstab.map((line) => ({
      what: '/etc/fstab',
      from: line,
      to: commented(line),
      text: { before: `${line}\n`, after: `${commented(line)}\n` },
    })),
    ...have.units.map((unit) => ({ what: unit, from: 'starts at boot', to: 'masked' })),
    ...have.services.map((service) => ({ what: service, from: 'enabled', to: 'disabled' })),
    ...(have.zram === undefined
      ? []
      : [
          {
            what: have.zram,
            from: 'makes swap at boot',
            to: `overruled by an empty ${ZRAM_CONFIG} (what was there: ${ZRAM_CONFIG}.before-provision)`,
          },
        ]),
    ...have.active.map((device) => ({ what: device, from: 'swapped to', to: 'off' })),
  ],
  steps: (_want, have): readonly Step[] => [
    ...(have.fstab.length === 0 ? [] : [fstabStep(have)]),
    ...(have.units.length + have.services.length === 0 && have.zram === undefined ? [] : [bootStep(have)]),
    ...(have.active.length === 0
      ? []
      : [{ title: 'turn swap off', body: 'swapoff -a', timeoutMs: SWAPOFF_TIMEOUT_MS }]),
  ],
  evidence: () => 'off, and nothing turns it on at boot',
}

const MARK = '# swapped off by provision: '

function commented(line: string): string {
  return `${MARK}${line}`
}

function fstabStep({ mounted }: Have): Step {
  const filter = `  sed -E '/${FSTAB_SWAP}/s/^/${MARK}/'`
  const reload = '[ ! -d /run/systemd/system ] || systemctl daemon-reload'
  return {
    title: 'comment out swap in /etc/fstab',
    body: `${rewriteScript({ path: '/etc/fstab', filter, inPlace: mounted })}\n${reload}`,
  }
}

function bootStep({ units, services, zram }: Have): Step {
  const parts = [
    ...(units.length === 0 ? [] : [`systemctl mask -- ${argv(units)}`]),
    ...(services.length === 0 ? [] : [`systemctl disable --now -- ${argv(services)}`]),
    ...(zram === undefined ? [] : [emptyZramConfig()]),
  ]
  return { title: 'keep swap off at boot', body: parts.map((part) => `${part} || exit`).join('\n') }
}

/** What the operator wrote there is kept beside it. Masking the generated unit is not enough: its name differs with the number. */
function emptyZramConfig(): string {
  return `{
  if [ -s ${ZRAM_CONFIG} ]; then mv -f -- ${ZRAM_CONFIG} ${ZRAM_CONFIG}.before-provision; fi
  ( umask 022 && : >${ZRAM_CONFIG} )
}`
}
