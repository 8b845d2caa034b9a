import type { Change } from '../core/change.ts'
import { probe } from '../core/fact.ts'
import { argv, quote } from '../core/quote.ts'
import { type Resource, type ResourceOptions, type ResourceType, resource } from '../core/resource.ts'
import { treeProbe } from '../facts/tree.ts'
import { STAMP_DIR, unitFact } from '../facts/unit.ts'

export interface UnitsForgottenWant {
  /** Units whose file was taken away. */
  readonly units: readonly string[]
}

interface Have {
  /** We still have on record what we started units with. */
  readonly remembered: boolean
  /** Units systemd holds in memory without a file, or with another one than it read. */
  readonly stale: readonly string[]
}

/**
 * Neither systemd nor we remember units that are gone. systemd's own limits are gone with them, and they do not show in any
 * unit: so its memory is renewed as long as our record is there, which goes last.
 */
const unitsForgottenType: ResourceType<UnitsForgottenWant, Have> = {
  name: 'units-forgotten',
  key: () => 'units:forgotten',
  paths: () => [STAMP_DIR],
  probes: ({ units }) => [treeProbe(STAMP_DIR), ...units.map((name) => probe(unitFact, { name }))],
  // systemd forgets by itself what is stopped and has no file: the steps before may do part of this one.
  guards: () => [],
  observe: ({ units }, answers) => ({
    remembered: answers.get(treeProbe(STAMP_DIR)).kind !== 'absent',
    stale: units.filter((name) => {
      const { load, active, needsReload } = answers.get(probe(unitFact, { name }))
      return needsReload || (load === 'not-found' && active !== 'inactive')
    }),
  }),
  diff: (_want, { remembered, stale }): readonly Change[] => [
    ...stale.map((unit) => ({ what: unit, from: 'in the memory of systemd', to: 'forgotten' })),
    ...(remembered ? [{ what: 'what units were started with', from: 'on record', to: 'forgotten' }] : []),
  ],
  steps: (want, have) =>
    unitsForgottenType.diff(want, have).length === 0
      ? []
      : [{ title: 'forget units that are gone', body: forgetBody(want) }],
  evidence: ({ units }) => `nothing is known of ${units.join(', ')}`,
}

export function unitsForgotten(want: UnitsForgottenWant, options: ResourceOptions = {}): Resource {
  return resource(unitsForgottenType, want, { title: 'units that are gone', ...options })
}

/** `reset-failed` does not know units that are forgotten already. `daemon-reexec` also reads the limits in system.conf. */
function forgetBody({ units }: UnitsForgottenWant): string {
  return `for unit in ${argv(units)}; do systemctl reset-failed -- "$unit" 2>/dev/null; done
systemctl daemon-reexec && rm -rf -- ${quote(STAMP_DIR)}`
}
