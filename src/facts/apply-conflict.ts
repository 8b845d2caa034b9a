/** A field that somebody else set otherwise than an apply wants it. */
export interface ApplyConflict {
  /** The other's name, as it stands in `managedFields`. */
  readonly manager: string
  /** `.spec.containers[name="agent"].image`, as the API server writes paths. */
  readonly field: string
}

/** `conflict with "kubectl-edit" using v1: .data.key`; of several fields each has a line of its own, after a dash. */
const HEAD =
  /conflicts? with ("(?:[^"\\]|\\.)*")(?: with subresource "[^"]*")?(?: using \S+)?(?: at \S+)?:(?: (\S.*))?$/

/** What a refused server-side apply says of conflicts; nothing where it was refused for another reason. Source: apimachinery's managedfields. */
export function conflictsIn(refusal: string): readonly ApplyConflict[] {
  const found: ApplyConflict[] = []
  let manager: string | undefined
  for (const line of refusal.split('\n')) {
    const head = HEAD.exec(line)
    if (head) manager = JSON.parse(head[1] ?? '""') as string
    const field = head ? head[2] : /^- (\S.*)$/.exec(line)?.[1]
    if (!head && field === undefined) manager = undefined
    if (manager !== undefined && field !== undefined) found.push({ manager, field })
  }
  return found
}
