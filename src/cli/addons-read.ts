import { readFile } from 'node:fs/promises'
import { join } from 'node:path'
import { download } from '../artifacts/download.ts'
import { type AddonText, addonObjects, type ReadAddon, refuseShared } from '../cluster/addons.ts'
import { InputError } from '../core/errors.ts'
import type { Addon, Inventory } from '../inventory/inventory.ts'
import { local } from '../transport/local.ts'

export interface AddonsReading {
  /** What was fetched is kept here, by digest. */
  readonly cacheDir: string
  readonly signal?: AbortSignal
  /** Runs a command on this machine. */
  readonly run?: typeof local
}

/**
 * The objects of all add-ons, before any host is asked: a plan shows what would change in them, so they must be known. That is why
 * kustomizations are rendered on this machine, whose files they are made of. @throws InputError
 */
export async function readAddons(
  { addons }: Inventory,
  reading: AddonsReading,
): Promise<readonly ReadAddon[] | undefined> {
  if (!addons) return undefined
  const read = await Promise.all(
    addons.map(async (addon) => {
      const { name, wait, prune } = addon
      return { name, wait, prune, objects: addonObjects(name, await textsOf(addon, reading)) }
    }),
  )
  refuseShared(read)
  return read
}

function textsOf({ name, manifests = [], kustomize }: Addon, reading: AddonsReading): Promise<readonly AddonText[]> {
  if (kustomize !== undefined) return rendered(name, kustomize, reading)
  return Promise.all(
    manifests.map(async (source) => {
      if (typeof source === 'string') return { from: source, text: await readText(name, source) }
      const path = join(reading.cacheDir, 'addons', source.sha256)
      const { signal } = reading
      await download(source.url, path, { sha256: source.sha256, ...(signal ? { signal } : {}) })
      return { from: source.url, text: await readFile(path, 'utf8') }
    }),
  )
}

async function readText(name: string, path: string): Promise<string> {
  try {
    return await readFile(path, 'utf8')
  } catch (cause) {
    const code = (cause as NodeJS.ErrnoException).code ?? String(cause)
    throw new InputError(
      {
        what: `the file of add-on ${name} cannot be read (${code})`,
        where: path,
        fix: 'correct its path: it begins in the folder of the inventory',
      },
      { cause },
    )
  }
}

async function rendered(
  name: string,
  folder: string,
  { run = local, signal }: AddonsReading,
): Promise<readonly AddonText[]> {
  const { code, stdout, stderr } = await run(['kubectl', 'kustomize', folder], signal ? { signal } : {})
  if (code === 0) return [{ from: folder, text: stdout }]
  const isMissing = code === 127
  throw new InputError({
    what: isMissing
      ? `add-on ${name} is a kustomization, and there is no kubectl here to render it`
      : `the kustomization of add-on ${name} cannot be rendered`,
    where: folder,
    ...(isMissing ? {} : { why: stderr.trim().split('\n').at(-1) ?? '' }),
    fix: isMissing
      ? 'install kubectl on this machine, or write manifests: with what it renders'
      : `try it: kubectl kustomize ${folder}`,
  })
}
