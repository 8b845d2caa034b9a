import {
  binary,
  byArch,
  digest,
  fetchedBinary,
  image,
  later,
  type Node,
  type Offer,
  offerDigest,
  type Program,
  type Resource,
  type ResourceOptions,
  Value,
} from '../src/index.ts'

/** Programs that are one file each, by name of their artifact; of each the one for the host's processor. */
export function installPrograms({ artifacts }: Node, programs: readonly Program[]): readonly Resource[] {
  return programs.map(({ name, path }) => {
    const options = { title: name }
    const installed = ({ download, file }: Offer) =>
      download ? fetchedBinary({ download, path }, options) : binary({ artifact: file, path }, options)
    return later(`file:${path}`, artifacts.program(name), (offers) => byArch(name, offers, installed), options)
  })
}

/** Digests of programs, for what must be restarted when they change. */
export function programDigests({ artifacts }: Node, names: readonly string[]): Value<Readonly<Record<string, string>>> {
  const programs = names.map((name) => artifacts.program(name))
  return Value.all(names.join(', '), programs, (offers) =>
    Object.fromEntries(names.map((name, i) => [name, digestOf(offers[i] ?? [])])),
  )
}

function digestOf(offers: readonly Offer[]): string {
  const [first = '', ...others] = offers.map(offerDigest)
  return others.length === 0 ? first : digest([first, ...others].join(' '))
}

/** Images by name of their artifact and the full name the runtime knows them by. Containerd must be running. */
export function nodeImages(
  { artifacts }: Node,
  images: Readonly<Record<string, string>>,
  after: ResourceOptions['after'] = ['unit:containerd.service'],
): readonly Resource[] {
  return Object.entries(images).map(([name, reference]) => {
    const source = artifacts.image(name, reference)
    const options = { title: `image ${name}`, after }
    if (!(source instanceof Value)) return image({ name: reference, pull: source }, options)
    const imported = ({ file }: Offer) => {
      if (!file) throw new TypeError(`${name} is no archive of an image`)
      return image({ artifact: file, name: reference }, options)
    }
    return later(`image:${reference}`, source, (offers) => byArch(name, offers, imported), options)
  })
}
