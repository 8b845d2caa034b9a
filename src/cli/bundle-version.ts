import type { Supply } from '../artifacts/source.ts'
import { InputError, ProvisionError } from '../core/errors.ts'
import type { Inventory } from '../inventory/inventory.ts'

/** Programs that have the version of the cluster. */
const VERSIONED = ['kubeadm', 'kubelet', 'kubectl'] as const

/** A bundle has one version of Kubernetes: another one than the inventory's is not what anybody means. @throws InputError */
export async function refuseOtherVersion(
  supply: Pick<Supply, 'artifact'>,
  { file, kubernetes: { version } }: Pick<Inventory, 'file' | 'kubernetes'>,
): Promise<void> {
  for (const name of VERSIONED) {
    const held = await heldVersion(supply, name)
    if (held === undefined || held === `v${version}`) continue
    throw new InputError({
      what: `kubernetes.version is ${version}, and the bundle holds ${name} ${held}`,
      where: file,
      fix: `write version: "${held.replace(/^v/, '')}", or make a bundle of ${version}: provision bundle`,
    })
  }
}

/** Undefined where the bundle has none; whoever needs it will say so. */
async function heldVersion(supply: Pick<Supply, 'artifact'>, name: string): Promise<string | undefined> {
  try {
    return (await supply.artifact(name)).artifact.version
  } catch (error) {
    if (error instanceof ProvisionError) return undefined
    throw error
  }
}
