/**
 * Last day on which a distribution's release gets security fixes without a contract, by `ID VERSION_ID` of os-release; for
 * the Enterprise Linux family by major version. Sources: wiki.debian.org/LTS, ubuntu.com/about/release-cycle,
 * access.redhat.com/support/policy/updates/errata (Rocky and Alma follow it). As of November 2026.
 */
const SUPPORT_ENDS: Readonly<Record<string, string>> = {
  'debian 10': '2024-06-30',
  'debian 11': '2026-08-31',
  'debian 12': '2028-06-30',
  'debian 13': '2030-06-30',
  'ubuntu 20.04': '2025-05-31',
  'ubuntu 22.04': '2027-05-31',
  'ubuntu 24.04': '2029-05-31',
  'centos 7': '2024-06-30',
  'el 8': '2029-05-31',
  'el 9': '2032-05-31',
  'el 10': '2035-05-31',
}

const ENTERPRISE_LINUX = new Set(['rhel', 'rocky', 'almalinux', 'ol'])

/** `2028-06-30`; undefined for what we know nothing of. */
export function supportEnd(id: string, version: string): string | undefined {
  const name = ENTERPRISE_LINUX.has(id) ? `el ${version.split('.')[0]}` : `${id} ${version}`
  return SUPPORT_ENDS[name]
}
