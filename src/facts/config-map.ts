import { z } from 'zod'
import type { Fact } from '../core/fact.ts'
import { kubectlPrelude, ONE_LINE_BASE64 } from './kubectl.ts'

export interface ConfigMapAsk {
  readonly namespace: string
  readonly name: string
}

/** The data of a ConfigMap; `undefined` when there is none, or no API server to ask. */
export const configMap: Fact<ConfigMapAsk, Readonly<Record<string, string>> | undefined> = {
  name: 'config-map',
  id: ({ namespace, name }) => `${namespace}/${name}`,
  script: (asks) => `${kubectlPrelude()}
kubectl_ready && for a in ${asks.map(({ namespace, name }) => `${namespace}/${name}`).join(' ')}; do
  d=$(k -n "\${a%%/*}" get configmap "\${a#*/}" -o 'jsonpath={.data}' 2>/dev/null) || continue
  printf '%s\\tdata\\t%s\\n' "$a" "$(printf '%s' "$d" | ${ONE_LINE_BASE64})"
done
:`,
  parse(lines) {
    const text = lines[0]?.[1]
    if (text === undefined) return undefined
    const json = Buffer.from(text, 'base64').toString('utf8')
    return z.record(z.string(), z.string()).parse(json === '' ? {} : JSON.parse(json))
  },
}
