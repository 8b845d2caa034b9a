import { link } from 'node:fs/promises'
import { arch } from 'node:os'
import { join } from 'node:path'
import { measureFile } from '../../artifacts/artifact-file.ts'
import { FailedError } from '../../core/errors.ts'
import { compressLayer, imageEntries, type Layer, type LayerEntry, withParents, writeTar } from './image-archive.ts'
import type { Making, Part } from './part.ts'
import type { ImageRecipe } from './recipe.ts'

/** What programs expect to find in an image that has no distribution in it. */
const BARE_FILES: readonly LayerEntry[] = [
  { name: 'etc/group', mode: 0o644, content: 'root:x:0:\nnobody:x:65534:\nnonroot:x:65532:\n' },
  {
    name: 'etc/passwd',
    mode: 0o644,
    content:
      'root:x:0:0:root:/root:/sbin/nologin\nnobody:x:65534:65534:nobody:/nonexistent:/sbin/nologin\nnonroot:x:65532:65532:nonroot:/home/nonroot:/sbin/nologin\n',
  },
  { name: 'tmp', mode: 0o1777 },
]

/** Assembles one image archive, `NAME.tar`, from the parts it is made of. */
export async function makeImage(recipe: ImageRecipe, inputs: ReadonlyMap<string, Part>, making: Making): Promise<void> {
  const base = recipe.base === undefined ? [] : [await baseLayer(partOf(inputs, recipe.base), making)]
  making.line('collecting files')
  const files = recipe.files.map(({ part, file, to }) => {
    const found = partOf(inputs, part).files.find((each) => each.file === file)
    if (found === undefined) throw new Error(`part ${part} holds no ${file}`)
    const path = join(partOf(inputs, part).dir, file)
    return { name: to.slice(1), mode: 0o755, content: { path, size: found.size } }
  })
  const path = join(making.scratch, 'layer.tar')
  await writeTar(path, withParents([...files, ...(recipe.base === undefined ? BARE_FILES : [])]))
  making.line('compressing')
  const layers: Layer[] = [...base, await compressLayer(path, (await measureFile(path)).sha256)]
  making.line('writing the archive')
  const { reference, builtFrom, entrypoint } = recipe
  const spec = { reference, builtFrom, arch: hostArch(), layers, ...(entrypoint === undefined ? {} : { entrypoint }) }
  const entries = imageEntries(spec).map((entry) => ({ ...entry, mode: 0o644 }))
  await writeTar(join(making.dir, `${recipe.name}.tar`), entries)
}

/** The same root gives the same compressed bytes, so a host keeps one copy for all images that stand on it. */
async function baseLayer(part: Part, making: Making): Promise<Layer> {
  const file = part.files.find((each) => each.file === 'root.tar')
  if (file === undefined) throw new Error(`part ${part.name} holds no root.tar`)
  making.line('compressing the base')
  const path = join(making.scratch, file.file)
  await link(join(part.dir, file.file), path)
  return compressLayer(path, file.sha256)
}

function partOf(inputs: ReadonlyMap<string, Part>, name: string): Part {
  const part = inputs.get(name)
  if (part === undefined) throw new Error(`part ${name} is not among the inputs`)
  return part
}

/** The lab's machines have this machine's processor. */
export function hostArch(): 'amd64' | 'arm64' {
  const machine = arch()
  if (machine === 'x64') return 'amd64'
  if (machine === 'arm64') return 'arm64'
  throw new FailedError({
    what: `the lab's bundle cannot be made on a ${machine} processor`,
    where: 'this machine',
    why: 'Kubernetes nodes are supported on x86-64 and arm64 only',
    fix: 'use a machine with one of them',
  })
}
