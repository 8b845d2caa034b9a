/** `1.36.3` or `v1.36.3+k3s1`, as numbers. */
export interface Version {
  readonly major: number
  readonly minor: number
  readonly patch: number
}

/** Undefined for what is no version. */
export function versionOf(text: string): Version | undefined {
  const [, major, minor, patch] = /^v?(\d+)\.(\d+)\.(\d+)/.exec(text) ?? []
  if (major === undefined) return undefined
  return { major: Number(major), minor: Number(minor), patch: Number(patch) }
}

/** Negative when `a` is older. */
export function compareVersions(a: Version, b: Version): number {
  return a.major - b.major || a.minor - b.minor || a.patch - b.patch
}
