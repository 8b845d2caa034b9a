import {
  ADDON_RECORD,
  addonLines,
  addonRecord,
  addonTurns,
  addonWaiting,
  condition,
  isFirst,
  kubectlPrelude,
  manifests,
  type Node,
  type ReadAddon,
  type Resource,
  removedObjects,
  section,
  waitUntil,
} from '../src/index.ts'

const WAIT_SECONDS = 600

type Key = Resource['key']

/** Objects of the user's own, in the order of the inventory: each waits for what the one before it waits for. */
export const applyAddons = section<Node>('Apply add-ons', 'addons', (node) => {
  const { addons } = node
  if (!addons || !isFirst(node)) return []
  const resources: Resource[] = [withoutOld(addons), recorded(addons)]
  for (const addon of addons) resources.push(...appliedAddon(addon, resources.at(-1)?.key))
  return resources
})

function withoutOld(addons: readonly ReadAddon[]): Resource {
  return removedObjects(
    {
      set: 'addons',
      namespace: ADDON_RECORD.namespace,
      record: ADDON_RECORD.name,
      kinds: 'any',
      keep: addonLines(addons),
      disrupts: { PersistentVolumeClaim: 'what is stored in it is lost, unless its class keeps it' },
    },
    { title: 'objects that add-ons no longer have', after: ['kubeadm:init'] },
  )
}

function recorded(addons: readonly ReadAddon[]): Resource {
  const options = {
    title: 'which objects of add-ons are ours to delete',
    after: ['kubeadm:init', 'removed:addons'],
  } as const
  return manifests('addon-record', [addonRecord(addons)], options)
}

function appliedAddon(addon: ReadAddon, before: Key | undefined): readonly Resource[] {
  const { name, wait } = addon
  const { base, rest } = addonTurns(addon)
  const kinds = base.filter(({ kind }) => kind === 'CustomResourceDefinition').map(({ metadata }) => metadata.name)
  const resources: Resource[] = []
  const next = (make: (after: readonly Key[]) => Resource) =>
    resources.push(make([resources.at(-1)?.key ?? before].flatMap((key) => key ?? [])))
  if (base.length > 0)
    next((after) => manifests(`addon-kinds:${name}`, base, { title: `${name}: kinds and namespaces`, after }))
  for (const established of kinds) next((after) => waited(name, { established }, after))
  if (rest.length > 0) next((after) => manifests(`addon:${name}`, rest, { title: name, after }))
  const waits = new Map(wait.map((one) => [addonWaiting(one).id, one]))
  for (const established of kinds) waits.delete(addonWaiting({ established }).id)
  for (const one of waits.values()) next((after) => waited(name, one, after))
  return resources
}

function waited(addon: string, wait: Parameters<typeof addonWaiting>[0], after: readonly Key[]): Resource {
  const { id, wanted, probe, holds, test } = addonWaiting(wait)
  return condition(
    {
      name: `addon-${addon}-${id}`,
      wanted,
      probes: [probe],
      holds,
      wait: `${kubectlPrelude(20)}\n${waitUntil(test, WAIT_SECONDS, wanted)}`,
      timeoutMs: (WAIT_SECONDS + 120) * 1000,
    },
    { after },
  )
}
