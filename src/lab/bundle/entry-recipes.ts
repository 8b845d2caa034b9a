import { ENTRY_RELEASES } from '../../catalog/entry-releases.ts'
import { HELM_RECIPE } from './helm-recipe.ts'
import type { ChartManifestRecipe, GoRecipe, ImageRecipe, OwnGoRecipe, Recipe } from './recipe.ts'

const { certManager, traefik } = ENTRY_RELEASES

const traefikProgram: GoRecipe = {
  kind: 'go',
  name: 'traefik-program',
  title: `Traefik ${traefik.version}`,
  licence: 'MIT',
  modules: [{ path: 'github.com/traefik/traefik/v3', version: traefik.version }],
  cgo: false,
  defines: { 'github.com/traefik/traefik/v3/pkg/version.Version': traefik.version.slice(1) },
  programs: [{ package: 'github.com/traefik/traefik/v3/cmd/traefik', as: 'traefik' }],
}

const traefikImage: ImageRecipe = {
  kind: 'image',
  name: 'traefik',
  title: `image ${traefik.images.traefik}`,
  reference: traefik.images.traefik,
  licence: 'MIT',
  files: [{ part: traefikProgram.name, file: 'traefik', to: '/usr/local/bin/traefik' }],
  entrypoint: ['/usr/local/bin/traefik'],
  builtFrom: `github.com/traefik/traefik/v3 ${traefik.version}`,
}

const certManagerModule = { path: 'github.com/cert-manager/cert-manager', version: certManager.version }

/** One program for all four: upstream publishes their packages, and not their commands. */
const certManagerProgram: OwnGoRecipe = {
  kind: 'own',
  name: 'cert-manager-program',
  title: `cert-manager ${certManager.version}`,
  licence: 'Apache-2.0',
  programs: ['cert-manager'],
  around: {
    module: certManagerModule,
    path: 'github.com/cert-manager/cert-manager/lab',
  },
}

const certManagerImages: readonly ImageRecipe[] = (['controller', 'cainjector', 'webhook', 'acmesolver'] as const).map(
  (name) => {
    const reference = certManager.images[`cert-manager-${name}`]
    return {
      kind: 'image',
      name: `cert-manager-${name}`,
      title: `image ${reference}`,
      reference,
      licence: 'Apache-2.0',
      files: [{ part: certManagerProgram.name, file: 'cert-manager', to: '/cert-manager' }],
      entrypoint: ['/cert-manager', name],
      builtFrom: `packages of github.com/cert-manager/cert-manager ${certManager.version}, and a main of ours`,
    }
  },
)

const certManagerManifest: ChartManifestRecipe = {
  kind: 'chart-manifest',
  name: 'cert-manager-manifest',
  title: `cert-manager's manifest ${certManager.version}`,
  licence: 'Apache-2.0',
  module: certManagerModule,
  chart: 'deploy/charts/cert-manager',
  helm: HELM_RECIPE.name,
  // Those of `make/manifests.mk`.
  options: [
    '--kube-version=1.29.0',
    '--api-versions=',
    '--namespace=cert-manager',
    '--set=creator=static',
    '--set=startupapicheck.enabled=false',
  ],
  withDefinitions: '--set=crds.enabled=true',
  release: 'cert-manager',
  head: { licence: 'hack/boilerplate-yaml.txt', year: '2022', namespace: 'deploy/manifests/namespace.yaml' },
  sha256: certManager.manifestSha256,
  artifact: 'cert-manager.yaml',
}

/** What is compiled only for a cluster that has it: minutes of a computer's time. */
export interface EntryWanted {
  readonly ingress?: object
  readonly certManager?: object
}

/** Programs and manifests, then the images made of them. */
export function entryRecipes({ ingress, certManager: wanted }: EntryWanted): readonly Recipe[] {
  return [
    ...(wanted ? [HELM_RECIPE, certManagerManifest, certManagerProgram] : []),
    ...(ingress ? [traefikProgram, traefikImage] : []),
    ...(wanted ? certManagerImages : []),
  ]
}
