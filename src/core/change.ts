/** One difference between what is and what is wanted. */
export interface Change {
  /** The attribute, e.g. `mode`; empty when it is the thing as a whole. */
  readonly what: string
  /** As a person reads it; `absent` when there is nothing. */
  readonly from: string
  readonly to: string
  /** Whole texts, for a unified diff. Never set for secrets. */
  readonly text?: { readonly before: string; readonly after: string }
  /** What the change interrupts, e.g. `restarts containerd.service`. */
  readonly disrupts?: string
}
