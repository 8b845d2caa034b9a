import { z } from 'zod'
import type { Fact } from '../core/fact.ts'
import { FactError } from '../core/fact-error.ts'
import { quote } from '../core/quote.ts'
import { type KubeObject, readObject } from './kube-object.ts'
import { feed, kubectlPrelude, listText, ONE_LINE_BASE64 } from './kubectl.ts'

export interface KubeApplyAsk {
  /** Names the set in plans: `flannel`. */
  readonly set: string
  readonly objects: readonly KubeObject[]
  /** Field manager that owns what we apply. */
  readonly manager: string
}

/** What a server-side apply would make of a set; or why the API server refuses; nothing where there is no cluster. */
export type KubeApply = { readonly objects: readonly KubeObject[] } | { readonly refusal: string } | undefined

const listSchema = z.looseObject({ items: z.array(z.unknown()) })

/**
 * What the API server says a server-side apply would lead to: its defaults, its webhooks and the owners of every field
 * included. Nothing is stored (`--dry-run=server`).
 */
export const kubeApply: Fact<KubeApplyAsk, KubeApply> = {
  name: 'kube-apply',
  costly: true,
  id: ({ set }) => set,
  script: (asks) => `${kubectlPrelude()}
kubectl_ready || exit 0
${asks.map(askScript).join('\n')}`,
  volatile: ['would', 'refusal'],
  parse(lines, { set }) {
    const field = (name: string) => lines.find(([first]) => first === name)?.[1]
    const refusal = field('refusal')
    if (refusal !== undefined) return { refusal: decode(refusal).trim() }
    const would = field('would')
    return would === undefined ? undefined : { objects: readList(set, decode(would)) }
  },
}

/** Beside the objects kubectl may print warnings of the API server. */
function askScript({ set, objects, manager }: KubeApplyAsk): string {
  const apply = `apply --server-side --dry-run=server --validate=ignore --field-manager=${quote(manager)} -o json -f -`
  return `if would=$(${feed(listText(objects))} k ${apply} 2>&1)
then word=would would=$(printf '%s\\n' "$would" | sed -n '/^{/,/^}/p'); else word=refusal; fi
printf '%s\\t%s\\t%s\\n' ${quote(set)} $word "$(printf '%s' "$would" | ${ONE_LINE_BASE64})"`
}

function decode(base64: string): string {
  return Buffer.from(base64, 'base64').toString('utf8')
}

function readList(set: string, text: string): readonly KubeObject[] {
  const json: unknown = text.trim() === '' ? { items: [] } : JSON.parse(text)
  const list = listSchema.safeParse(json)
  const items = list.success ? list.data.items : [json]
  if (items.length === 0) throw new FactError('kube-apply', `${set}: the API server named no objects`)
  return items.map((item) => readObject(JSON.stringify(item), set))
}
