import { stringify } from 'yaml'

/** What the API server keeps of each `kubectl apply`, all values included. */
const LAST_APPLIED = 'kubectl.kubernetes.io/last-applied-configuration'

/** Both versions of an object as a plan shows them. Of a Secret only the names of what is in it are shown, and which differs. */
export function objectTexts(before: object, after: object): { readonly before: string; readonly after: string } {
  const [was, is] = [before, after] as [Manifest, Manifest]
  if (was.kind !== 'Secret' && is.kind !== 'Secret') return { before: stringify(was), after: stringify(is) }
  return { before: stringify(masked(was, was)), after: stringify(masked(is, was)) }
}

interface Manifest {
  readonly kind?: unknown
  readonly metadata?: { readonly annotations?: Values }
  readonly data?: Values
  readonly stringData?: Values
}

type Values = Readonly<Record<string, unknown>>

function masked(secret: Manifest, than: Manifest): object {
  const { data, stringData, metadata, ...rest } = secret
  const { [LAST_APPLIED]: _values, ...annotations } = metadata?.annotations ?? {}
  return {
    ...rest,
    metadata: { ...metadata, ...(metadata?.annotations ? { annotations } : {}) },
    ...(data ? { data: names(data, than.data) } : {}),
    ...(stringData ? { stringData: names(stringData, than.stringData) } : {}),
  }
}

function names(values: Values, than: Values = {}): Values {
  return Object.fromEntries(
    Object.entries(values).map(([name, value]) => [name, than[name] === value ? '‹secret›' : '‹secret›, differs']),
  )
}
