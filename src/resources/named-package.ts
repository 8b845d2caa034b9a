/** A package, and the version it must have if any: `1.36.4-1.1`, or `1.36.4-*` for any revision. */
export interface NamedPackage {
  readonly name: string
  readonly version?: string
}
