import type { AnyProbe } from './fact.ts'
import type { Blob, Section } from './host.ts'
import { costlyScript, guardScript, lookScript } from './look.ts'
import { quote } from './quote.ts'
import type { Key, Resource } from './resource.ts'
import type { Step } from './step.ts'

/** One resource's part in a wave. */
export interface WaveItem {
  readonly resource: Resource
  readonly steps: readonly Step[]
  /** Digest of what its probes saw when the steps were decided. */
  readonly seen: string
  readonly section: string
}

const STEP_DEADLINE_MS = 60_000

/** Longest time the steps of a wave may take together. */
export function stepsMs(items: readonly WaveItem[]): number {
  return items.flatMap(({ steps }) => steps).reduce((sum, { timeoutMs }) => sum + (timeoutMs ?? STEP_DEADLINE_MS), 0)
}

/** The machine starts anew in one of them. */
export function restarts({ steps }: WaveItem): boolean {
  return steps.some(({ reboots }) => reboots)
}

/** What a wave's steps need on the host, each once. */
export function blobsOf(items: readonly WaveItem[]): readonly Blob[] {
  const blobs = items.flatMap(({ steps }) => steps.flatMap((step) => step.blobs ?? []))
  return [...new Map(blobs.map((blob) => [blob.sha256, blob])).values()]
}

/** How one resource's part ended. `open` means the host did not get to its end. */
export type ItemEnd =
  | { readonly end: 'ok' }
  | { readonly end: 'failed'; readonly step: number; readonly code: number; readonly output: string }
  | { readonly end: 'moved' }
  | { readonly end: 'skipped' }
  | { readonly end: 'open'; readonly step: number; readonly output: string }
  | { readonly end: 'unstarted' }

/**
 * The script of a wave. Each resource first proves that the world is what the plan saw, then runs its steps; a failure
 * skips what comes after it by name and every later section. At the end it looks at `probes` again.
 * Marks: `step I J`, `ended I J STATUS`, `moved I`, `skipped I`, then those of a look.
 */
export function waveScript(run: string, items: readonly WaveItem[], probes: readonly AnyProbe[]): string {
  const index = new Map(items.map(({ resource }, i) => [resource.key, i]))
  const parts: string[] = [prelude(run), costlyScript(items.flatMap(({ resource }) => resource.guards))]
  let open: string | undefined
  for (const [i, item] of items.entries()) {
    if (open !== undefined && item.section !== open) parts.push('[ -z "$bad" ] || stop=1')
    open = item.section
    parts.push(itemScript(i, item, index))
  }
  return [...parts, lookScript(probes)].join('\n')
}

function prelude(run: string): string {
  return `bad='' stop=''
blob() {
  if [ -e /run/provision/${run}/blobs/"$1" ]; then printf '%s' /run/provision/${run}/blobs/"$1"
  else printf '%s' /var/lib/provision/blobs/"$1"; fi
}`
}

function itemScript(i: number, { resource, steps, seen }: WaveItem, index: ReadonlyMap<Key, number>): string {
  const needs = resource.after.map((key) => index.get(key)).filter((n) => n !== undefined)
  const stepScripts = steps.map(
    (step, j) => `if [ -z "$no" ]; then
mark step ${i} ${j}
( eval ${quote(step.body)} ) </dev/null 2>&1
rc=$?
mark ended ${i} ${j} $rc
[ $rc = 0 ] || { no=1; bad="$bad ${i} "; }
fi`,
  )
  return `no=$stop
for n in ${needs.join(' ')}; do case "$bad" in *" $n "*) no=1 ;; esac; done
if [ -n "$no" ]; then
mark skipped ${i}
bad="$bad ${i} "
else
now=$(${guardScript(resource.guards)})
if [ "\${now%% *}" != ${seen} ]; then
mark moved ${i}
no=1 bad="$bad ${i} "
fi
fi
${stepScripts.join('\n')}`
}

/** Reads how each resource of a wave ended from the sections its script printed, complete or cut off. */
export function readWave(items: readonly WaveItem[], sections: readonly Section[]): readonly ItemEnd[] {
  const ends: ItemEnd[] = items.map(() => ({ end: 'unstarted' }))
  let output = ''
  for (const { mark, text } of sections) {
    const [word, first, second, third] = mark
    const i = Number(first)
    const item = items[i]
    if (!item) continue
    if (word === 'skipped') ends[i] = { end: 'skipped' }
    else if (word === 'moved') ends[i] = { end: 'moved' }
    else if (word === 'step') {
      output = text
      ends[i] = { end: 'open', step: Number(second), output }
    } else if (word === 'ended') {
      const step = Number(second)
      const code = Number(third)
      if (code !== 0) ends[i] = { end: 'failed', step, code, output }
      else if (step === item.steps.length - 1) ends[i] = { end: 'ok' }
    }
  }
  return ends
}

/** Sections a wave's resources stand in. */
export function waveTitle(items: readonly WaveItem[]): string {
  return [...new Set(items.map(({ section }) => section))].join(', ')
}
