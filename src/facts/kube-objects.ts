import { z } from 'zod'
import type { Fact } from '../core/fact.ts'
import { FactError } from '../core/fact-error.ts'
import { quote } from '../core/quote.ts'
import { feed, kubectlPrelude, ONE_LINE_BASE64 } from './kubectl.ts'

/** A Kubernetes object, as far as we look into it. */
export interface KubeObject {
  readonly apiVersion: string
  readonly kind: string
  readonly metadata: { readonly name: string; readonly namespace?: string; readonly [key: string]: unknown }
  readonly [key: string]: unknown
}

export interface KubeObjectsAsk {
  /** Names the set in plans: `flannel`. */
  readonly set: string
  readonly objects: readonly KubeObject[]
  /** Field manager that owns what we apply. */
  readonly manager: string
}

export type KubeObjects =
  | { readonly state: 'none' }
  | { readonly state: 'down'; readonly reason: string }
  | {
      readonly state: 'read'
      readonly live: readonly KubeObject[]
      /** What a server-side apply would make of them; missing when the API server refused to say. */
      readonly would: readonly KubeObject[] | undefined
      readonly refusal: string
    }

const objectSchema = z.looseObject({
  apiVersion: z.string(),
  kind: z.string(),
  metadata: z.looseObject({ name: z.string(), namespace: z.exactOptional(z.string()) }),
})
const answerSchema = z.union([z.looseObject({ kind: z.literal('List'), items: z.array(objectSchema) }), objectSchema])

/**
 * What is in the cluster of a set of objects, and what the API server says a server-side apply would change: defaults,
 * webhooks and owners of fields included, and nothing is stored (`--dry-run=server`).
 * The line `version` is the guard's identity: `uid/generation` moves when somebody changes what is wanted of an object.
 */
export const kubeObjects: Fact<KubeObjectsAsk, KubeObjects> = {
  name: 'kube-objects',
  id: ({ set }) => set,
  script: (asks) => `${kubectlPrelude()}
kubectl_ready && for set in ${asks.map(({ set }) => quote(set)).join(' ')}; do
  case $set in
${asks.map(askCase).join('\n')}
  esac
  if ! live=$(printf '%s' "$want" | k get --ignore-not-found -o json -f - 2>&1); then
    printf '%s\\tdown\\t%s\\n' "$set" "$(printf '%s' "$live" | ${ONE_LINE_BASE64})"; continue
  fi
  printf '%s\\tlive\\t%s\\n' "$set" "$(printf '%s' "$live" | ${ONE_LINE_BASE64})"
  printf '%s' "$want" | k get --ignore-not-found -f - \\
    -o 'jsonpath={range .items[*]}version{"\\t"}{.metadata.uid}/{.metadata.generation}{"\\n"}{end}' 2>/dev/null |
    while IFS= read -r l; do [ -z "$l" ] || printf '%s\\t%s\\n' "$set" "$l"; done
  if would=$(printf '%s' "$want" | k apply --server-side --dry-run=server --field-manager="$manager" -o json -f - 2>&1); then
    printf '%s\\twould\\t%s\\n' "$set" "$(printf '%s' "$would" | ${ONE_LINE_BASE64})"
  else
    printf '%s\\trefusal\\t%s\\n' "$set" "$(printf '%s' "$would" | ${ONE_LINE_BASE64})"
  fi
done
:`,
  volatile: ['live', 'would', 'refusal', 'down'],
  parse(lines, { set }) {
    const field = (name: string) => lines.find(([first]) => first === name)?.[1]
    const down = field('down')
    if (down !== undefined) return { state: 'down', reason: decode(down).trim() }
    const live = field('live')
    if (live === undefined) return { state: 'none' }
    const would = field('would')
    return {
      state: 'read',
      live: readObjects(set, decode(live)),
      would: would === undefined ? undefined : readObjects(set, decode(would)),
      refusal: decode(field('refusal') ?? '').trim(),
    }
  },
}

function askCase({ set, objects, manager }: KubeObjectsAsk): string {
  return `    ${quote(set)}) manager=${quote(manager)}; want=$(${feed(listText(objects))} cat) ;;`
}

/** The objects as one JSON document, as kubectl reads it from stdin. */
export function listText(objects: readonly KubeObject[]): string {
  return JSON.stringify({ apiVersion: 'v1', kind: 'List', items: objects })
}

function decode(base64: string): string {
  return Buffer.from(base64, 'base64').toString('utf8')
}

function readObjects(set: string, text: string): readonly KubeObject[] {
  if (text.trim() === '') return []
  let json: unknown
  try {
    json = JSON.parse(text)
  } catch {
    throw new FactError('kube-objects', `${set}: kubectl printed something that is not JSON: ${text.slice(0, 200)}`)
  }
  const parsed = answerSchema.safeParse(json)
  if (!parsed.success) throw new FactError('kube-objects', `${set}: ${z.prettifyError(parsed.error)}`)
  return (
    parsed.data.kind === 'List' ? (parsed.data.items as readonly KubeObject[]) : [parsed.data]
  ) as readonly KubeObject[]
}
