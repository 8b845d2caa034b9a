import { ENTRY_RELEASES } from '../../catalog/entry-releases.ts'
import type { GoRecipe, ImageRecipe, OwnGoRecipe } from './recipe.ts'

const { certManager, traefik } = ENTRY_RELEASES

export const traefikProgram: GoRecipe = {
  kind: 'go',
  name: 'traefik-program',
  title: `Traefik ${traefik.version}`,
  licence: 'MIT',
  modules: [{ path: 'github.com/traefik/traefik/v3', version: traefik.version }],
  cgo: false,
  defines: { 'github.com/traefik/traefik/v3/pkg/version.Version': traefik.version.slice(1) },
  programs: [{ package: 'github.com/traefik/traefik/v3/cmd/traefik', as: 'traefik' }],
}

export const traefikImage: ImageRecipe = {
  kind: 'image',
  name: 'traefik',
  title: `image ${traefik.images.traefik}`,
  reference: traefik.images.traefik,
  licence: 'MIT',
  files: [{ part: traefikProgram.name, file: 'traefik', to: '/usr/local/bin/traefik' }],
  entrypoint: ['/usr/local/bin/traefik'],
  builtFrom: `github.com/traefik/traefik/v3 ${traefik.version}`,
}

/** One program for all four: upstream publishes their packages, and not their commands. */
export const certManagerProgram: OwnGoRecipe = {
  kind: 'own',
  name: 'cert-manager-program',
  title: `cert-manager ${certManager.version}`,
  licence: 'Apache-2.0',
  programs: ['cert-manager'],
  around: {
    module: { path: 'github.com/cert-manager/cert-manager', version: certManager.version },
    path: 'github.com/cert-manager/cert-manager/lab',
  },
}

export const certManagerImages: readonly ImageRecipe[] = (
  ['controller', 'cainjector', 'webhook', 'acmesolver'] as const
).map((name) => {
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
})
