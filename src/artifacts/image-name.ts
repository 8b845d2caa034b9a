import { InputError } from '../core/errors.ts'

/** Full name of an image, taken apart: `registry.k8s.io/coredns/coredns:v1.14.2`. */
export interface ImageName {
  /** Host, with its port where it has one. */
  readonly registry: string
  readonly repository: string
  /** A tag, or `sha256:…`. */
  readonly reference: string
}

const NAME =
  /^(?<registry>(?:localhost|[a-z0-9-]+(?:\.[a-z0-9-]+)+|[a-z0-9-]+(?=:[0-9]))(?::[0-9]{1,5})?)\/(?<repository>[a-z0-9]+(?:[._/-]+[a-z0-9]+)*)(?:@(?<digest>sha256:[0-9a-f]{64})|:(?<tag>[A-Za-z0-9_][A-Za-z0-9._-]{0,127}))$/

/** @throws InputError for anything but host, repository, and a tag or digest */
export function imageName(text: string): ImageName {
  const { registry, repository, digest, tag } = NAME.exec(text)?.groups ?? {}
  const reference = digest ?? tag
  if (registry !== undefined && repository !== undefined && reference !== undefined)
    return { registry, repository, reference }
  throw new InputError({
    what: `${JSON.stringify(text)} is not the full name of an image`,
    why: 'a host, a repository, and a tag or digest are needed',
    fix: 'write it like registry.k8s.io/pause:3.10.2',
  })
}
