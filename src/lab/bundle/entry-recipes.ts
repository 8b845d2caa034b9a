import { ENTRY_RELEASES } from '../../catalog/entry-releases.ts'
import type { GoRecipe, ImageRecipe } from './recipe.ts'

const { traefik } = ENTRY_RELEASES

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
