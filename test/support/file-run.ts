import type { HostResult } from '../../src/core/events.ts'
import type { Resource } from '../../src/core/resource.ts'
import { run } from '../../src/core/run.ts'
import { file } from '../../src/resources/file.ts'
import { connector } from '../../src/transport/connect.ts'
import type { SshTarget } from '../../src/transport/target.ts'

/** `count` small files in `folder`, each with a text of its own. */
export function smallFiles(folder: string, count: number): readonly Resource[] {
  return Array.from({ length: count }, (_, i) => file({ path: `${folder}/${nameOf(i)}`, content: contentOf(i) }))
}

/** Shell that puts the same files there by hand. */
export function smallFilesScript(folder: string, count: number): string {
  const files = Array.from({ length: count }, (_, i) => `printf '%s' '${contentOf(i)}' >${folder}/${nameOf(i)}`)
  return ['umask 022', `mkdir -p ${folder}`, ...files, `chmod 0644 ${folder}/*`].join('\n')
}

function nameOf(i: number): string {
  return `f${String(i).padStart(4, '0')}`
}

function contentOf(i: number): string {
  return `file ${i} of a test\n`
}

/** The engine, over real ssh, with resources of the test's own instead of a playbook. */
export async function runOver(target: SshTarget, resources: readonly Resource[], id: string): Promise<HostResult> {
  const begin = performance.now()
  const result = await run({
    run: id,
    hosts: [
      { host: target.name, resources: resources.map((resource) => ({ resource, section: 'Files', tag: 'files' })) },
    ],
    connect: connector(() => target),
    gate: async () => 'act',
    holder: { run: id, who: 'test', command: 'test', since: new Date().toISOString() },
    report: () => {},
    clock: () => performance.now() - begin,
    signal: new AbortController().signal,
    forks: 1,
  })
  const [host] = result.hosts
  if (!host) throw new Error('no host came back')
  return host
}
