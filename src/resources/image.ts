import type { ArtifactFile } from '../artifacts/artifact.ts'
import { artifactBlob } from '../artifacts/artifact-file.ts'
import type { Change } from '../core/change.ts'
import { probe } from '../core/fact.ts'
import { quote } from '../core/quote.ts'
import { type Resource, type ResourceOptions, type ResourceType, resource } from '../core/resource.ts'
import type { Step } from '../core/step.ts'
import {
  type ContainerImage,
  type ContainerImageAsk,
  containerImageFact,
  ctr,
  IMAGE_LABEL,
  imageStamp,
  RUNTIME_PATH,
} from '../facts/container-image.ts'

/** An image containerd has for Kubernetes: imported from an archive, or pulled from its registry. Containerd must be running. */
export type ImageWant = ContainerImageAsk &
  (
    | {
        readonly artifact: ArtifactFile
        readonly pull?: never
      }
    | {
        readonly artifact?: never
        /** From the registry its name says, or containerd's mirrors of it. */
        readonly pull: {
          /** `sha256:…` of manifest or index, where it is known: anything else under the name is then wrong. */
          readonly digest?: string
        }
      }
  )

const IMPORT_TIMEOUT_MS = 600_000
const PULL_TIMEOUT_MS = 900_000

export type ImageInput =
  | { readonly artifact: ArtifactFile; readonly name?: string; readonly address?: string }
  | Extract<ImageWant, { pull: object }>

/** The name comes from the artifact's `reference` when it is not given. */
export function image(input: ImageInput, options: ResourceOptions = {}): Resource {
  const name = input.name ?? (input.artifact === undefined ? undefined : input.artifact.artifact.reference)
  if (
    name === undefined ||
    !/^[a-z0-9][A-Za-z0-9._:/@-]{1,400}$/.test(name) ||
    !/[:@]/.test(name.slice(name.lastIndexOf('/')))
  )
    throw new TypeError(
      `${JSON.stringify(name)} is not the full name of an image, such as registry.k8s.io/pause:3.10.2`,
    )
  return resource(imageType, { ...input, name }, { title: `image ${name}`, ...options })
}

/** Where containerd keeps images, what runs, and the sockets and folders of its plug-ins. */
const CONTAINERD_STATE = ['/var/lib/containerd', '/run/containerd', '/run/nri', '/opt/containerd']

interface ImageState {
  readonly image: ContainerImage | undefined
}

export const imageType: ResourceType<ImageWant, ImageState> = {
  name: 'image',
  key: ({ name }) => `image:${name}`,
  paths: ({ name }) => [...CONTAINERD_STATE, imageStamp(name)],
  probes: (want) => [probe(containerImageFact, askOf(want))],
  observe: (want, answers) => ({ image: answers.get(probe(containerImageFact, askOf(want))) }),
  diff: (want, { image }) =>
    want.artifact ? importChanges(want.artifact, image) : pullChanges(want.pull.digest, image),
  steps: (want, have) => {
    if (imageType.diff(want, have).length === 0) return []
    return [want.artifact ? importStep(want, want.artifact) : pullStep(want)]
  },
  evidence: (_want, { image }) => image?.digest.slice(0, 19) ?? 'absent',
}

function askOf({ name, address }: ImageWant): ContainerImageAsk {
  return address === undefined ? { name } : { name, address }
}

function importChanges({ artifact }: ArtifactFile, have: ContainerImage | undefined): readonly Change[] {
  const to = `${artifact.name} ${artifact.version} (sha256 ${artifact.sha256.slice(0, 12)})`
  if (!have) return [{ what: '', from: 'absent', to }]
  if (have.imported?.sha256 === artifact.sha256 && have.imported.digest === have.digest) return []
  const from =
    have.imported?.digest === have.digest
      ? `imported from sha256 ${have.imported.sha256.slice(0, 12)}`
      : 'of other origin'
  return [{ what: 'content', from: `${have.digest.slice(0, 19)}, ${from}`, to }]
}

function pullChanges(digest: string | undefined, have: ContainerImage | undefined): readonly Change[] {
  if (!have) return [{ what: '', from: 'absent', to: digest ?? 'pulled from its registry' }]
  return digest === undefined || have.digest === digest ? [] : [{ what: 'digest', from: have.digest, to: digest }]
}

/** Label and stamp are written last: an import that was cut off is done again. */
function importStep({ name, address }: ImageWant, file: ArtifactFile): Step {
  const { sha256 } = file.artifact
  return {
    title: `import ${name}`,
    blobs: [artifactBlob(file)],
    timeoutMs: IMPORT_TIMEOUT_MS,
    body: `${RUNTIME_PATH}
name=${quote(name)}
ctr() { command ${ctr(address)} "$@"; }
out=$(ctr images import "$(blob ${sha256})" 2>&1) || { printf '%s\\n' "$out" "containerd could not import $name"; exit 1; }
digest=$(ctr images list "name==$name" | { read -r header; read -r n t digest rest; printf '%s' "$digest"; })
if [ -z "$digest" ]; then
  printf '%s\\n' "the archive holds no image called $name; it holds:" "$out"
  exit 1
fi
ctr images label "$name" "${IMAGE_LABEL}=${sha256}@$digest" >/dev/null || exit 1
stamp=${imageStamp(name)}
mkdir -p "\${stamp%/*}" && printf '%s\\n' "${sha256}@$digest" >"$stamp.new" && mv -f "$stamp.new" "$stamp"`,
  }
}

function pullStep({ name, address, pull }: ImageWant): Step {
  const digest = pull?.digest
  const check =
    digest === undefined
      ? ''
      : `
digest=$(ctr images list "name==$name" | { read -r header; read -r n t digest rest; printf '%s' "$digest"; })
[ "$digest" = ${quote(digest)} ] || { printf '%s\\n' "$name is $digest in its registry, expected ${digest}"; exit 1; }`
  return {
    title: `pull ${name}`,
    timeoutMs: PULL_TIMEOUT_MS,
    body: `${RUNTIME_PATH}
name=${quote(name)}
ctr() { command ${ctr(address)} "$@"; }
out=$(ctr images pull --hosts-dir /etc/containerd/certs.d "$name" 2>&1 </dev/null) || {
  printf '%s\\n' "$out" | tail -n 6
  printf '%s\\n' "pulling $name failed: the host must reach its registry, or a mirror of it named in /etc/containerd/certs.d"
  exit 1
}${check}`,
  }
}
