import type { Change } from '../core/change.ts'
import { probe } from '../core/fact.ts'
import { type Resource, type ResourceOptions, type ResourceType, resource } from '../core/resource.ts'
import type { Step } from '../core/step.ts'
import { STAMP_DIR, type UnitState, unitFact } from '../facts/unit.ts'
import { restartBody, startBody, stopBody, systemctlBody, tryRestartBody } from './unit-steps.ts'

export interface UnitWant {
  /** With its suffix: `containerd.service`, `fstrim.timer`. */
  readonly name: string
  /** Started at boot. Left as it is when not said. */
  readonly enabled?: boolean
  /**
   * Running now. `ignore` (the default) is for units that come and go by design: kubelet restarts itself every few seconds
   * until kubeadm has written its configuration.
   */
  readonly active?: boolean | 'ignore'
  /** Cannot be started by anybody. */
  readonly masked?: boolean
  /**
   * What the unit reads when it starts: label (a path, `binary`) to digest. A unit that was last started with anything else
   * is restarted. The digests are stamped on the host after the restart, so a crash in between shows in the next plan.
   */
  readonly restartOn?: Readonly<Record<string, string>>
  /** How long it may take to become active, or to stop. Default 90 s. */
  readonly timeoutMs?: number
}

const DEFAULT_TIMEOUT_MS = 90_000
/** The step ends by itself at the unit's deadline; this is for systemctl and the journal around it. */
const STEP_MARGIN_MS = 30_000

/** A systemd unit: enabled, running, and running with what is on disk now. */
export function unit(want: UnitWant, options?: ResourceOptions): Resource {
  if (
    !/^[A-Za-z0-9:_.\\@-]{1,240}\.(service|socket|timer|target|mount|automount|swap|path|slice|scope)$/.test(want.name)
  )
    throw new TypeError(
      `${JSON.stringify(want.name)} is not the full name of a systemd unit, such as containerd.service`,
    )
  for (const [label, digest] of Object.entries(want.restartOn ?? {})) {
    if (/[\t\n]/.test(label) || !/^[^\s]+$/.test(digest))
      throw new TypeError(`${want.name}: ${JSON.stringify(label)} and its digest must be single words`)
  }
  return resource(unitType, want, options)
}

export const unitType: ResourceType<UnitWant, UnitState> = {
  name: 'unit',
  key: ({ name }) => `unit:${name}`,
  // What the started program writes is that program's own.
  paths: ({ name, enabled, masked, restartOn }) => [
    ...(enabled === undefined && masked === undefined ? [] : ['/etc/systemd/system']),
    ...(restartOn === undefined ? [] : [`${STAMP_DIR}/${name}`]),
  ],
  probes: (want) => [probe(unitFact, want)],
  observe: (want, answers) => {
    const have = answers.get(probe(unitFact, want))
    if (want.enabled === true && CANNOT_BE_ENABLED.has(have.enabled))
      return { unknown: `${want.name} is ${have.enabled}: it has no [Install] section, so it cannot be enabled` }
    return have
  },
  diff: (want, have) => [...maskChanges(want, have), ...diskChanges(want, have), ...stateChanges(want, have)],
  steps: (want, have) => [
    ...(have.enabled.startsWith('masked') && !want.masked && unitType.diff(want, have).length > 0
      ? [systemctl(want, 'unmask')]
      : []),
    ...(readsAgain(want, have)
      ? [{ title: 'make systemd read its unit files again', body: 'systemctl daemon-reload' }]
      : []),
    ...(enabledDiffers(want, have) ? [systemctl(want, want.enabled ? 'enable' : 'disable')] : []),
    ...runSteps(want, have),
    ...(want.masked && !have.enabled.startsWith('masked') ? [systemctl(want, 'mask')] : []),
  ],
  evidence: (_want, { active, sub, enabled }) => `${active} (${sub}), ${enabled}`,
}

const CANNOT_BE_ENABLED: ReadonlySet<string> = new Set(['static', 'generated', 'transient', 'indirect', 'alias'])
const ENABLED: ReadonlySet<string> = new Set(['enabled', 'linked'])

function maskChanges(want: UnitWant, have: UnitState): readonly Change[] {
  const masked = have.enabled.startsWith('masked')
  const wanted = want.masked ?? (want.enabled === true || want.active === true ? false : masked)
  return masked === wanted ? [] : [{ what: 'masked', from: yes(masked), to: yes(wanted) }]
}

function diskChanges(want: UnitWant, have: UnitState): readonly Change[] {
  const changes: Change[] = []
  if (readsAgain(want, have))
    changes.push({ what: 'unit file', from: 'changed since systemd read it', to: 'read again' })
  if (enabledDiffers(want, have))
    changes.push({ what: 'enabled', from: have.enabled, to: want.enabled ? 'enabled' : 'disabled' })
  return changes
}

/** A start or restart reads the unit file again by itself: whether it must shows only after what it comes after is done. */
function readsAgain(want: UnitWant, have: UnitState): boolean {
  return have.needsReload && !want.masked && (mustStop(want, have) || stateChanges(want, have).length === 0)
}

function enabledDiffers(want: UnitWant, have: UnitState): boolean {
  if (want.enabled === undefined || want.masked) return false
  if (want.enabled) return !ENABLED.has(have.enabled)
  return ENABLED.has(have.enabled) || have.enabled === 'enabled-runtime' || have.enabled === 'linked-runtime'
}

function isRunning(have: UnitState): boolean {
  return have.active === 'active' || have.active === 'activating' || have.active === 'deactivating'
}

function stateChanges(want: UnitWant, have: UnitState): readonly Change[] {
  if (mustStop(want, have))
    return [{ what: 'state', from: have.active, to: 'inactive', disrupts: `stops ${want.name}` }]
  const starts = want.active === true && have.active !== 'active'
  const changes: Change[] = starts ? [{ what: 'state', from: describe(have), to: 'active' }] : []
  const disrupts = isRunning(have) && have.active === 'active' ? { disrupts: `restarts ${want.name}` } : {}
  for (const { label, from, to } of staleInputs(want, have))
    changes.push({ what: `started with ${label}`, from: from ?? 'not known', to, ...disrupts })
  return changes
}

function describe({ load, active, sub }: UnitState): string {
  if (load === 'not-found') return 'absent'
  return active === 'activating' ? `${active} (${sub})` : active
}

function mustStop(want: UnitWant, have: UnitState): boolean {
  return (want.active === false || want.masked === true) && isRunning(have)
}

interface StaleInput {
  readonly label: string
  readonly from: string | undefined
  readonly to: string
}

function staleInputs(want: UnitWant, have: UnitState): readonly StaleInput[] {
  if (want.active === false || want.masked || want.restartOn === undefined) return []
  const wanted = Object.entries(want.restartOn)
  const changed = wanted
    .filter(([label, digest]) => have.stamp.get(label) !== digest)
    .map(([label, digest]) => ({ label, from: short(have.stamp.get(label)), to: short(digest) ?? '' }))
  const gone = [...have.stamp.keys()]
    .filter((label) => want.restartOn?.[label] === undefined)
    .map((label) => ({ label, from: short(have.stamp.get(label)), to: 'nothing' }))
  return [...changed, ...gone]
}

function runSteps(want: UnitWant, have: UnitState): readonly Step[] {
  const timeoutMs = want.timeoutMs ?? DEFAULT_TIMEOUT_MS
  const input = { unit: want.name, seconds: Math.ceil(timeoutMs / 1000), stamp: want.restartOn }
  const step = (title: string, body: string): Step => ({ title, body, timeoutMs: timeoutMs + STEP_MARGIN_MS })
  if (mustStop(want, have)) return [step(`stop ${want.name}`, stopBody(input))]
  const stale = staleInputs(want, have).length > 0
  if (want.active === true && have.active !== 'active') return [step(`start ${want.name}`, startBody(input))]
  if (!stale) return []
  if (want.active === true) return [step(`restart ${want.name}`, restartBody(input))]
  return [step(`restart ${want.name} if it runs`, tryRestartBody(input))]
}

function systemctl(want: UnitWant, verb: 'enable' | 'disable' | 'mask' | 'unmask'): Step {
  return { title: `${verb} ${want.name}`, body: systemctlBody(verb, want.name) }
}

function short(digest: string | undefined): string | undefined {
  return digest?.slice(0, 12)
}

function yes(value: boolean): string {
  return value ? 'yes' : 'no'
}
