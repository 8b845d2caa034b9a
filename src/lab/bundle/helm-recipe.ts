import { HELM } from '../../catalog/network-releases.ts'
import type { GoRecipe } from './recipe.ts'

/** Renders charts on this machine. No part of the lab's bundle: none of what the lab can make comes as a chart. */
export const HELM_RECIPE: GoRecipe = {
  kind: 'go',
  name: 'helm',
  title: `Helm ${HELM.version}`,
  licence: 'Apache-2.0',
  modules: [{ path: 'helm.sh/helm/v4', version: HELM.version }],
  cgo: false,
  defines: { 'helm.sh/helm/v4/internal/version.version': HELM.version },
  programs: [{ package: 'helm.sh/helm/v4/cmd/helm', artifact: 'helm' }],
}
