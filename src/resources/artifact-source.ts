import type { Artifact, ArtifactFile } from '../artifacts/artifact.ts'
import { artifactBlob } from '../artifacts/artifact-file.ts'
import { STAGE } from '../core/host.ts'
import { quote } from '../core/quote.ts'
import type { Step } from '../core/step.ts'

/** Where the bytes of an artifact come from: this machine, through SSH; or somewhere the host downloads from by itself. */
export type ArtifactSource =
  | { readonly artifact: ArtifactFile; readonly from?: never }
  | { readonly artifact: Artifact; readonly from: Download }

export interface Download {
  /** Tried in this order until one gives the right bytes. `http`, `https` or `file`. */
  readonly urls: readonly string[]
}

/** Slowest line a download is planned for. */
const SLOWEST_BYTES_PER_SECOND = 50_000
const LEAST_TIMEOUT_MS = 120_000

export function artifactOf(source: ArtifactSource): Artifact {
  return source.from === undefined ? source.artifact.artifact : source.artifact
}

/** How a person calls it: `kubelet v1.36.3`. */
export function describeArtifact(source: ArtifactSource): string {
  const { name, version, sha256 } = artifactOf(source)
  return `${name} ${version} (sha256 ${sha256.slice(0, 12)})`
}

/** Shell that sets `src` to the path of the bytes on the host, and what a step needs for it. */
export function sourceBytes(source: ArtifactSource): Pick<Step, 'blobs' | 'body'> {
  const { sha256 } = artifactOf(source)
  if (source.from === undefined) return { body: `src=$(blob ${sha256})`, blobs: [artifactBlob(source.artifact)] }
  return { body: `src=${quote(`${STAGE.disk}/${sha256}`)}` }
}

/** Shell that lets go of bytes the host downloaded: once in place they are not needed twice. Uploaded ones belong to the run. */
export function dropBytes(source: ArtifactSource): string {
  return source.from === undefined ? ':' : 'rm -f -- "$src"'
}

/** The step that makes the host download, or none. Nothing is looked at before its digest is right. */
export function downloadSteps(source: ArtifactSource): readonly Step[] {
  if (source.from === undefined) return []
  const { size } = source.artifact
  return [
    {
      title: `download ${source.artifact.name} ${source.artifact.version}`,
      body: downloadBody(source.artifact, source.from.urls),
      timeoutMs: LEAST_TIMEOUT_MS + Math.ceil((size / SLOWEST_BYTES_PER_SECOND) * 1000) * source.from.urls.length,
    },
  ]
}

/** @throws TypeError for what is not the address of a file. */
function checkedUrl(url: string): string {
  if (!/^(https?|file):\/\/[^\s\0]+$/.test(url))
    throw new TypeError(`${JSON.stringify(url)} is not an http, https or file URL`)
  return url
}

/**
 * A partial download is kept as `SHA256.part` and gone on with, by the next mirror too: equal digests are equal bytes. Whole
 * bytes with a wrong digest are thrown away, so that a poisoned beginning cannot spoil the next try. Status 33 is curl's for
 * a place that cannot begin in the middle (CURLE_RANGE_ERROR); wget begins anew by itself.
 */
function downloadBody({ name, version, sha256, size }: Artifact, urls: readonly string[]): string {
  return `want=${sha256} size=${size} name=${quote(`${name} ${version}`)}
dir=${quote(STAGE.disk)}
to=$dir/$want part=$dir/$want.part
mkdir -p "$dir" || exit 1
digest() { sum=$(sha256sum <"$1") || exit 1; sum=\${sum%% *}; }
bytes() { have=$(wc -c 2>/dev/null <"$1") || have=0; have=$((have)); }
if [ -f "$to" ]; then
  digest "$to"
  [ "$sum" != "$want" ] || exit 0
  rm -f -- "$to"
fi
if command -v curl >/dev/null 2>&1; then
  get() { curl -fsSL --connect-timeout 15 --speed-limit 1000 --speed-time 60 -C - -o "$part" -- "$1"; }
elif command -v wget >/dev/null 2>&1; then
  get() { wget -q -c -T 60 -O "$part" -- "$1"; }
else
  printf '%s\\n' "neither curl nor wget is on the host, so it cannot download $name by itself" \\
    'Install one of them, or let the artifacts come from a bundle.'
  exit 1
fi
accept() {
  bytes "$part"
  [ "$have" -ge $size ] || return 1
  digest "$part"
  if [ "$sum" = "$want" ]; then mv -f -- "$part" "$to"; exit; fi
  printf '%s\\n' "$name from $1 is not what it should be:" \\
    "  sha256 expected $want ($size bytes)" "  sha256 received $sum ($have bytes)"
  rm -f -- "$part"
  return 1
}
for url in ${urls.map((url) => quote(checkedUrl(url))).join(' ')}; do
  bytes "$part"
  begun=$have
  if [ $begun -ge $size ]; then rm -f -- "$part"; begun=0; fi
  printf '%s\\n' "downloading $name from $url"
  get "$url"
  code=$?
  [ ! -f "$part" ] || accept "$url"
  if [ $begun != 0 ] && { [ ! -f "$part" ] || [ $code = 33 ]; }; then
    printf '%s\\n' 'once more, from the beginning'
    rm -f -- "$part"
    get "$url"
    code=$?
    [ ! -f "$part" ] || accept "$url"
  fi
  bytes "$part"
  free=$(df -Pk -- "$dir" | { read -r head; read -r fs total used avail rest; printf '%s' "$avail"; })
  [ "\${free:-1024}" -ge 1024 ] || { printf '%s\\n' "No space left on device: $dir has $free KiB, $name needs $size bytes"; exit 1; }
  [ $code = 0 ] && printf '%s\\n' "$url ended after $have of $size bytes"
  [ $code = 0 ] || printf '%s\\n' "$url could not be downloaded (status $code), $have of $size bytes are kept"
done
printf '%s\\n' "$name could not be downloaded from any of its places; nothing was changed"
exit 1`
}
