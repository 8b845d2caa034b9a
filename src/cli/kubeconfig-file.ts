import { mkdir, readFile, stat } from 'node:fs/promises'
import { dirname, join, resolve } from 'node:path'
import { isMap, isSeq, parseDocument, type YAMLMap } from 'yaml'
import { FailedError, InputError } from '../core/errors.ts'
import type { Answers, AnyProbe } from '../core/fact.ts'
import { FactError } from '../core/fact-error.ts'
import { contentProbe } from '../facts/content.ts'
import type { Redactor } from '../render/redact.ts'
import { writePrivateFile } from './private-file.ts'
import type { World } from './world.ts'

const ADMIN_CONF = '/etc/kubernetes/admin.conf'

/** Asks for the text: any digest but the real one brings it along. */
const probe = contentProbe({ path: ADMIN_CONF, wanted: 'taken home' })

/** What a look must ask for so that a kubeconfig can be taken from it. */
export const KUBECONFIG_PROBES: readonly AnyProbe[] = [probe]

export interface Kubeconfig {
  readonly text: string
  /** Host it was taken from. */
  readonly host: string
}

/** The cluster's own kubeconfig, from the first host that has one; the redactor learns the keys in it. */
export function kubeconfigFrom(answers: ReadonlyMap<string, Answers>, redactor: Redactor): Kubeconfig | undefined {
  for (const [host, answer] of answers) {
    const bytes = bytesOf(answer)
    if (!bytes) continue
    const text = Buffer.from(bytes).toString('utf8')
    for (const secret of text.matchAll(/^\s*(?:client-key-data|token):\s*"?([^\s"]+)/gm)) {
      if (secret[1] !== undefined) redactor.add(secret[1], '‹secret kubeconfig key›')
    }
    return { text, host }
  }
  return undefined
}

/** Nothing where it was not asked for, or could not be read: a run does not fail for that. */
function bytesOf(answer: Answers): Uint8Array | undefined {
  try {
    return answer.get(probe).bytes
  } catch (error) {
    if (error instanceof FactError) return undefined
    throw error
  }
}

/** Where it goes: named, or `~/.kube/NAME.kubeconfig`, outside of any repository. */
export function kubeconfigPath({ home, cwd }: World, cluster: string, named?: string): string {
  return named === undefined ? join(home, '.kube', `${cluster}.kubeconfig`) : resolve(cwd, named)
}

/** @returns whether the file had to be written */
export async function writeKubeconfig(path: string, text: string): Promise<boolean> {
  const before = await readFile(path, 'utf8').catch(() => undefined)
  const mode = await stat(path).then(
    (found) => found.mode & 0o777,
    () => undefined,
  )
  if (before === text && mode === 0o600) return false
  await mkdir(dirname(path), { recursive: true, mode: 0o700 })
  await writePrivateFile(path, text)
  return true
}

/**
 * The text of `existing` (a kubeconfig, perhaps empty) with the cluster of `added` in it under the name `cluster`. Comments and
 * other clusters stay; the context that was chosen stays chosen. @throws InputError when one of them is no kubeconfig.
 */
export function mergeKubeconfig(existing: string, added: string, cluster: string): string {
  const target = parseDocument(existing.trim() === '' ? 'apiVersion: v1\nkind: Config\n' : existing)
  const source = parseDocument(added)
  if (target.errors.length > 0 || !isMap(target.contents)) {
    throw new InputError({
      what: '~/.kube/config is not a kubeconfig, so nothing was added to it',
      where: '~/.kube/config',
      fix: 'mend it, or move it away',
    })
  }
  const user = `${cluster}-admin`
  const put = (list: string, key: string, name: string, change: (entry: Record<string, unknown>) => void) => {
    const entries = source.toJS()?.[list] as { readonly [key: string]: unknown }[] | undefined
    const entry = entries?.[0]?.[key] as Record<string, unknown> | undefined
    if (!entry) throw new FailedError({ what: `${ADMIN_CONF} has no ${list}`, fix: 'look at it on the host' })
    const named = { name, [key]: { ...entry } }
    change(named[key] as Record<string, unknown>)
    replaceNamed(target.contents as YAMLMap, { list, name, node: target.createNode(named) })
  }
  put('clusters', 'cluster', cluster, () => undefined)
  put('users', 'user', user, () => undefined)
  put('contexts', 'context', cluster, (context) => Object.assign(context, { cluster, user }))
  if (!target.has('current-context') || target.get('current-context') === '') target.set('current-context', cluster)
  return target.toString({ lineWidth: 0 })
}

interface Named {
  readonly list: string
  readonly name: string
  readonly node: unknown
}

function replaceNamed(root: YAMLMap, { list, name, node }: Named): void {
  const items = root.get(list)
  if (!isSeq(items)) {
    root.set(list, [node])
    return
  }
  const at = items.items.findIndex((item) => isMap(item) && item.get('name') === name)
  if (at === -1) items.add(node)
  else items.set(at, node)
}
