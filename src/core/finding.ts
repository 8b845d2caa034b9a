/** A verdict on something we never change. */
export interface Finding {
  /** Stable id, e.g. `etcd-fsync`: what an inventory's `accept` names. */
  readonly id: string
  readonly met: boolean
  /** What was seen, with its unit. */
  readonly evidence: string
  /** What would be right. */
  readonly threshold: string
  /** `required` stops the host; `advised` is only shown. */
  readonly severity: 'required' | 'advised'
  readonly fix?: string
  /** Why the operator lives with it; set when the inventory accepts it. */
  readonly accepted?: string
}

/** What a finding means for its host. */
export function judged({ met, accepted, severity }: Finding): 'met' | 'accepted' | 'unmet' | 'advised' {
  if (met) return 'met'
  if (accepted !== undefined) return 'accepted'
  return severity === 'required' ? 'unmet' : 'advised'
}
