import type { Inventory } from './inventory.ts'
import type { Problem } from './problem.ts'
import { problemAt } from './problem-at.ts'
import type { Raw } from './resolve.ts'

/** What add-ons must not be. */
export function addonProblems(raw: Raw, { addons = [] }: Inventory): readonly Problem[] {
  return addons.flatMap(({ name, manifests, kustomize, wait }, i) => {
    const path = ['addons', i]
    const twice = addons.findIndex((other) => other.name === name) < i
    const kinds = [manifests, kustomize].filter((one) => one !== undefined).length
    return [
      ...(twice
        ? [problemAt(raw, [...path, 'name'], `two add-ons are called "${name}"`, 'give each a name of its own')]
        : []),
      ...(kinds === 1 ? [] : [wrongKind(raw, path, name, kinds)]),
      ...wait.flatMap((one, k) => (isOneThing(one) ? [] : [wrongWait(raw, [...path, 'wait', k])])),
    ]
  })
}

function wrongKind(raw: Raw, path: readonly (string | number)[], name: string, kinds: number): Problem {
  const what = kinds === 0 ? `add-on "${name}" has no objects` : `add-on "${name}" is both manifests and kustomize`
  return problemAt(raw, path, what, 'write manifests: [FILE], or kustomize: FOLDER')
}

function isOneThing(wait: object): boolean {
  const keys = Object.keys(wait).toSorted().join(' ')
  return ['rollout', 'established', 'condition of'].includes(keys)
}

function wrongWait(raw: Raw, path: readonly (string | number)[]): Problem {
  const fix =
    'write {rollout: Deployment NAMESPACE/NAME}, {established: CRD}, or {condition: Ready=True, of: VERSION KIND NAME}'
  return problemAt(raw, path, 'one entry waits for one thing', fix)
}
