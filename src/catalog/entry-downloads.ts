import type { Download } from './download.ts'
import { ENTRY_RELEASES } from './entry-releases.ts'

const { certManager } = ENTRY_RELEASES

/** Manifests of what lets requests in; Traefik has none, for its objects are our own. */
export const ENTRY_MANIFESTS: readonly Download[] = [
  {
    holds: { 'cert-manager.yaml': 'cert-manager.yaml' },
    version: certManager.version,
    arch: 'any',
    format: 'text',
    path: `github.com/cert-manager/cert-manager/releases/download/${certManager.version}/cert-manager.yaml`,
    sha256: certManager.manifestSha256,
    licence: 'Apache-2.0',
  },
]
