import { createHash } from 'node:crypto'
import type { Fact } from '../core/fact.ts'
import { quote } from '../core/quote.ts'
import { STAMP_DIR } from './unit.ts'

export interface ContainerImageAsk {
  /** Full name with tag, as pods ask for it: `registry.k8s.io/pause:3.10.2`. */
  readonly name: string
  /** containerd's socket, when not the usual one. */
  readonly address?: string
}

export interface ContainerImage {
  /** Digest of the manifest or index the name stands for: `sha256:…`. */
  readonly digest: string
  /** What our label or our stamp says, whichever fits the digest: the artifact it was imported from, and the digest the name had then. */
  readonly imported?: { readonly sha256: string; readonly digest: string }
}

/**
 * Label of an image in containerd that was imported by us: `ARTIFACT-SHA256@MANIFEST-DIGEST`. It goes where the image goes, a
 * copied root folder of containerd too; whoever pulls the image again takes it off, so there is a stamp that says the same.
 */
export const IMAGE_LABEL = 'provision/artifact'
/** File that says what the label says. */
export function imageStamp(name: string): string {
  return `${STAMP_DIR}/images/${createHash('sha256').update(name).digest('hex').slice(0, 40)}`
}

/** Kubernetes' images live in this namespace of containerd. */
export const IMAGE_NAMESPACE = 'k8s.io'
/** Binaries we install are here, and sudo's path may leave it out. */
export const RUNTIME_PATH = 'PATH=$PATH:/usr/local/bin:/usr/local/sbin'
const CTR_TIMEOUT = '20s'

export function ctr(address: string | undefined): string {
  const socket = address === undefined ? '' : ` --address ${quote(address)}`
  return `ctr${socket} --connect-timeout 5s --namespace ${IMAGE_NAMESPACE}`
}

/** Images that containerd has for Kubernetes: one list for all asks. */
export const containerImageFact: Fact<ContainerImageAsk, ContainerImage | undefined> = {
  name: 'container-image',
  costly: true,
  id: ({ name }) => name,
  script: (asks) => {
    const address = asks[0]?.address
    const stamps = asks.map(({ name }) => `    ${quote(name)}) stamp=${imageStamp(name)} ;;`)
    return `${RUNTIME_PATH}
command -v ctr >/dev/null 2>&1 || { printf '%s\\n' 'containerd is not installed yet (no ctr)' >&2; exit 1; }
list=$(${ctr(address).replace('--connect', `--timeout ${CTR_TIMEOUT} --connect`)} images list) || exit 1
printf '%s\\n' "$list" | while read -r name type digest rest; do
  case $name in
${stamps.join('\n')}
    *) continue ;;
  esac
  printf '%s\\tdigest\\t%s\\n' "$name" "$digest"
  label=\${rest#*${IMAGE_LABEL}=}
  [ "$label" = "$rest" ] || printf '%s\\timported\\t%s\\n' "$name" "\${label%%[, ]*}"
  [ ! -f "$stamp" ] || { read -r label <"$stamp" && printf '%s\\timported\\t%s\\n' "$name" "$label"; }
  :
done`
  },
  parse: (lines) => {
    const digest = lines.find(([field]) => field === 'digest')?.[1]
    if (digest === undefined) return undefined
    const origins = lines.flatMap(([field, text = '']) => {
      const [, sha256, then] = /^([0-9a-f]{64})@(sha256:[0-9a-f]{64})$/.exec(field === 'imported' ? text : '') ?? []
      return sha256 === undefined || then === undefined ? [] : [{ sha256, digest: then }]
    })
    const imported = origins.find((origin) => origin.digest === digest) ?? origins[0]
    return imported === undefined ? { digest } : { digest, imported }
  },
}
