/** One release of a Helm chart, as `helm template` is told of it. */
export interface HelmRelease {
  readonly name: string
  readonly namespace: string
  /** `1.36.3`: charts look at it. */
  readonly kubernetes: string
  readonly values: Readonly<Record<string, unknown>>
}
