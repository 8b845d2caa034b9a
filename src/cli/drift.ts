import { EXIT, type ExitCode } from '../core/errors.ts'
import { type HostPlan, pending } from '../core/plan.ts'
import { argv as shellWords } from '../core/quote.ts'
import { count } from '../render/figure.ts'
import { planText, requirementsText } from '../render/plan.ts'
import { inventoryDigest, type LastUp, lastUp } from './last-up.ts'
import { DEFAULT_INVENTORY, type Loaded, load } from './loaded.ts'
import { describe } from './page.ts'
import { prepared } from './prepare.ts'
import { addRunOptions, type RunOptions } from './run-options.ts'
import type { Verb, VerbContext } from './verb.ts'
import { VERSION } from './version.ts'
import { visit } from './visit.ts'

/** What `up` would change, for cron: quiet when there is nothing. */
export const driftVerb: Verb = (context) => {
  const command = context.program.command('drift').argument('[INVENTORY]', 'what is wanted', DEFAULT_INVENTORY)
  addRunOptions(command).action(async (path: string, options: RunOptions) =>
    context.exit(await drift(context, path, options)),
  )
  return describe(command, {
    summary: 'what on the hosts is no longer as the inventory says',
    description: [
      'Looks at every host as `up --dry-run` does and changes nothing. Prints only what differs, host by host, and whether it was the hosts or the inventory that changed: `up` remembers on this computer which inventory it was run with last.',
      'Exit 0 when all is as wanted, 10 when something differs: for cron. `up` puts it right.',
    ],
    exits: ['failed', 'unmet', 'unreachable', 'changes'],
    examples: [
      ['provision drift prod.yaml', 'what differs'],
      ['provision drift prod.yaml --only kernel', 'in one part'],
      ['provision drift prod.yaml --json', 'the plan as JSON lines'],
    ],
    files: [['~/.local/state/provision/clusters/NAME.json', 'which inventory the last whole `up` was run with']],
  })
}

async function drift({ world, parts }: VerbContext, path: string, options: RunOptions): Promise<ExitCode> {
  const loaded = await load(world, parts, { path, ...options })
  return prepared({ world, parts, options, loaded, make: false, purpose: 'up' }, async (ready) => {
    const { exit, plans } = await visit({ ...ready, consent: 'fetch', collect: [] })
    const last = await lastUp(world, loaded.inventory.name)
    const { paint } = ready.screen
    const differing = plans.filter(differs)
    const unmet = plans.filter(({ resources }) => resources.some(({ verdict }) => verdict === 'unmet'))
    const again = shellWords([world.program, 'up', path])
    ready.screen.say([
      '',
      ...(differing.length > 0 ? planText(differing.map(withoutFindings), { paint, verbose: options.verbose }) : []),
      ...requirementsText(unmet, { paint, verbose: false }),
      differing.length === 0
        ? paint.good(`no drift: ${count(plans.length, 'host')} as the inventory says`)
        : `${paint.warn(`drift on ${differing.length} of ${count(plans.length, 'host')}`)}: ${whose(loaded, last)}; put it right: ${again}`,
    ])
    return exit === EXIT.ok && differing.length > 0 ? EXIT.changes : exit
  })
}

/** What cannot be looked at is not known to be as wanted. */
function differs(plan: HostPlan): boolean {
  return pending(plan).length > 0 || plan.resources.some(({ verdict }) => verdict === 'failed')
}

function withoutFindings(plan: HostPlan): HostPlan {
  return { ...plan, resources: plan.resources.filter(({ finding }) => finding === undefined) }
}

/** Who changed: the hosts, or what is wanted of them. */
export function whose({ inventory }: Pick<Loaded, 'inventory'>, last: LastUp | undefined): string {
  if (!last) return 'no `up` of the whole cluster is on record here, so this may be what it would do first'
  const at = last.at.slice(0, 16).replace('T', ' ')
  if (last.version !== VERSION)
    return `the last up (${at} UTC) was by provision ${last.version}: part of it may be that`
  return last.inventory === inventoryDigest(inventory)
    ? `the inventory is that of the last up (${at} UTC), so the hosts changed`
    : `the inventory changed since the last up (${at} UTC): part of it may be that`
}
