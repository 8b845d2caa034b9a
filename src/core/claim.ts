import type { Resource } from './resource.ts'

/** What a resource has of a path on its host. */
interface Claim {
  readonly path: string
  /** First word of the key. */
  readonly kind: string
  /** It has a part of what is there, beside other parts of the same kind: `lines:/etc/hosts#nodes`. */
  readonly isPart: boolean
}

/** `file:/etc/x` claims the path its steps write; `fsync-record:/var/lib/etcd` names one that they do not, and claims nothing. */
function claimOf({ key, paths }: Resource): Claim | undefined {
  const [, kind = '', path = ''] = /^([a-z-]+):(\/.*)$/.exec(key) ?? []
  if (paths.includes(path)) return { path, kind, isPart: false }
  const whole = path.slice(0, Math.max(0, path.lastIndexOf('#')))
  return paths.includes(whole) ? { path: whole, kind, isPart: true } : undefined
}

function agree(a: Claim, b: Claim): boolean {
  if (a.isPart && b.isPart) return a.kind === b.kind
  // A folder and what is put into it; parts of a file are refused when somebody looks and finds a folder.
  return (a.isPart && b.kind === 'directory') || (b.isPart && a.kind === 'directory')
}

/** Who has what of the paths of one host. */
export class Claims {
  readonly #byPath = new Map<string, { readonly claim: Claim; readonly resource: Resource }[]>()

  /** Enters what a resource claims. @returns who has claimed the same path in a way that does not go together with it */
  add(resource: Resource): Resource | undefined {
    const claim = claimOf(resource)
    if (!claim) return undefined
    const others = this.#byPath.get(claim.path) ?? []
    this.#byPath.set(claim.path, [...others, { claim, resource }])
    return others.find((other) => !agree(claim, other.claim))?.resource
  }
}
