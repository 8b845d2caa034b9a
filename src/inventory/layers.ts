import { layered } from './schema.ts'

/** Layers, weakest first. A `--set` for one host is stronger than one for all. */
export type Layer = 'top' | `group ${string}` | 'host' | '--set' | '--set for this host'

export interface Origin {
  readonly layer: Layer
  readonly value: unknown
  /** Path in the file, e.g. `['groups', 'edge', 'ssh', 'port']`. */
  readonly path: readonly string[]
  /** `file:line:column`, or the text of the `--set`. */
  readonly where: string
}

/** Host name, then path in the host (`ssh.port`), then what every layer said, strongest first. `` is the cluster. */
export type Origins = ReadonlyMap<string, ReadonlyMap<string, readonly Origin[]>>

/**
 * Maps that are merged key by key. Everything else (lists, secrets, each variable) is one value: the nearest layer
 * replaces it whole.
 */
const merged = new Set<string>([
  ...layered.filter((section) => section !== 'taints'),
  'kernel.sysctl',
  'kubelet.systemReserved',
  'kubelet.kubeReserved',
  'lab.links',
])

export interface Leaf {
  /** Path in the host: `['ssh', 'port']`. */
  readonly path: readonly string[]
  readonly value: unknown
}

/** The values one layer gives: what is below a merged map, and nothing deeper. */
export function leaves(section: Readonly<Record<string, unknown>>, path: readonly string[] = []): Leaf[] {
  return Object.entries(section).flatMap(([key, value]) => {
    const at = [...path, key]
    if (path.length === 0 && !(layered as readonly string[]).includes(key)) return []
    const isMap = typeof value === 'object' && value !== null && !Array.isArray(value)
    return isMap && merged.has(at.join('.')) ? leaves(value as Record<string, unknown>, at) : [{ path: at, value }]
  })
}

/** `['kernel', 'sysctl', 'net.core.somaxconn']` is `kernel.sysctl."net.core.somaxconn"`. */
export function pathText(path: readonly (string | number)[]): string {
  return path.reduce<string>((text, part) => {
    if (typeof part === 'number') return `${text}[${part}]`
    const word = /^[A-Za-z0-9_/-]+$/.test(part) ? part : JSON.stringify(part)
    return text === '' ? word : `${text}.${word}`
  }, '')
}
