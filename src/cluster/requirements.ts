import { requirementOf } from '../catalog/requirements.ts'
import { InputError } from '../core/errors.ts'
import type { Resource } from '../core/resource.ts'
import type { Node } from './node.ts'
import { clockRules } from './requirements/clock.ts'
import { identityRules } from './requirements/identity.ts'
import { kernelRules } from './requirements/kernel.ts'
import { memoryRules } from './requirements/memory.ts'
import { networkRules } from './requirements/network.ts'
import { cpuSteal, processorRules } from './requirements/processor.ts'
import { fromRule, type Rule } from './requirements/rule.ts'
import { type VerifySettings, verifySettings } from './requirements/settings.ts'
import { storageRules } from './requirements/storage.ts'
import { systemRules } from './requirements/system.ts'
import { virtualAddressRules } from './requirements/virtual-address.ts'

/**
 * Every rule that holds for one machine. The order is that of the look: processors first and `cpu-steal` last, because
 * the time between the two is the sample.
 */
export function rules(settings: VerifySettings, node: string): readonly Rule[] {
  return [
    ...processorRules(settings),
    ...systemRules(settings),
    ...memoryRules(settings),
    ...kernelRules(settings),
    ...identityRules(node),
    ...networkRules(settings),
    ...storageRules(settings),
    ...clockRules(settings),
    cpuSteal(settings),
  ]
}

/**
 * What a machine must be, before anything on it is changed.
 * @throws InputError when the inventory accepts a requirement that does not exist.
 */
export function requirements(node: Node, options: { readonly measureAgain: boolean }): readonly Resource[] {
  const settings = verifySettings(node, options)
  refuseUnknown(settings.accept, node.name)
  return [...rules(settings, node.name), ...virtualAddressRules(node)].map((rule) => fromRule(rule, settings.accept))
}

function refuseUnknown(accept: Readonly<Record<string, string>>, where: string): void {
  const unknown = Object.keys(accept).find((id) => requirementOf(id) === undefined)
  if (unknown === undefined) return
  throw new InputError({
    what: `accept names ${JSON.stringify(unknown)}, and no requirement is called so`,
    where,
    fix: 'write an id as `provision check` prints it, e.g. cpu-count',
  })
}
