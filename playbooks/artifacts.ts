import {
  binary,
  CONTROL_PLANE_IMAGES,
  image,
  later,
  type Node,
  type Program,
  type Resource,
  Value,
} from '../src/index.ts'

/** Programs that are one file each, by name of their artifact. */
export function installPrograms({ artifacts }: Node, programs: readonly Program[]): readonly Resource[] {
  return programs.map(({ name, path }) =>
    later(`file:${path}`, artifacts.program(name), (artifact) => binary({ artifact, path }), { title: name }),
  )
}

/** Digests of programs, for what must be restarted when they change. */
export function programDigests({ artifacts }: Node, names: readonly string[]): Value<Readonly<Record<string, string>>> {
  const programs = names.map((name) => artifacts.program(name))
  return Value.all(names.join(', '), programs, (files) =>
    Object.fromEntries(files.map(({ artifact }) => [artifact.name, artifact.sha256])),
  )
}

/** Images by name of their artifact and the full name the runtime knows them by. Containerd must be running. */
export function nodeImages({ artifacts }: Node, images: Readonly<Record<string, string>>): readonly Resource[] {
  return Object.entries(images).map(([name, reference]) => {
    const source = artifacts.image(name)
    const options = { title: `image ${name}`, after: ['unit:containerd.service'] as const }
    if (source === 'pull') return image({ name: reference, pull: {} }, options)
    return later(`image:${reference}`, source, (artifact) => image({ artifact, name: reference }, options), options)
  })
}

/** The image that holds a pod's network open; containerd must know which kubeadm expects. */
export const PAUSE_IMAGE = CONTROL_PLANE_IMAGES.pause
