import type { Artifact } from '../artifacts/artifact.ts'
import { STAGE } from '../core/host.ts'
import { quote } from '../core/quote.ts'
import type { Step } from '../core/step.ts'

/** What is to be downloaded. Not everybody who publishes a digest tells the size, in bytes, with it. */
export type Downloaded = Pick<Artifact, 'name' | 'version' | 'sha256'> & { readonly size?: number }

/** Slowest line a download is planned for. */
const SLOWEST_BYTES_PER_SECOND = 50_000
const LEAST_TIMEOUT_MS = 120_000
/** Of a download whose size nobody told. */
const LARGEST_BYTES = 200_000_000

/** Where the host puts the bytes once their digest is right. */
export function downloadedPath(sha256: string): string {
  return `${STAGE.disk}/${sha256}`
}

/** Makes the host download by itself; `http`, `https` or `file` addresses, tried in this order until one gives the right bytes. */
export function downloadStep(wanted: Downloaded, urls: readonly string[]): Step {
  const { name, version, size = LARGEST_BYTES } = wanted
  return {
    title: `download ${name} ${version}`,
    body: downloadBody(wanted, urls),
    timeoutMs: LEAST_TIMEOUT_MS + Math.ceil((size / SLOWEST_BYTES_PER_SECOND) * 1000) * urls.length,
  }
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
 * a place that cannot begin in the middle (CURLE_RANGE_ERROR), and ours for one that has nothing after what we have; GNU's
 * wget begins anew by itself, busybox's only says 1.
 */
function downloadBody({ name, version, sha256, size }: Downloaded, urls: readonly string[]): string {
  return `want=${sha256} size=${size ?? ''} name=${quote(`${name} ${version}`)}
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
if [ -z "$size" ] && [ -s "$part" ]; then
  digest "$part"
  [ "$sum" != "$want" ] || { mv -f -- "$part" "$to"; exit; }
fi
if command -v curl >/dev/null 2>&1; then
  get() {
    http=$(curl -fsSL --connect-timeout 15 --speed-limit 1000 --speed-time 60 -C - -w '%{http_code}' -o "$part" -- "$1")
    code=$?
    [ "$http" != 416 ] || code=33
  }
elif command -v wget >/dev/null 2>&1; then
  get() {
    wget -q -c -T 60 -O "$part" -- "$1"
    code=$?
    bytes "$part"
    [ $code != 1 ] || [ -n "$size" ] || [ $have != $begun ] || code=33
  }
else
  printf '%s\\n' "neither curl nor wget is on the host, so it cannot download $name by itself" \\
    'Install one of them, or let the artifacts come from a bundle.'
  exit 1
fi
accept() {
  bytes "$part"
  if [ -n "$size" ]; then [ "$have" -ge "$size" ] || return 1; else [ $code = 0 ] || return 1; fi
  digest "$part"
  if [ "$sum" = "$want" ]; then mv -f -- "$part" "$to"; exit; fi
  printf '%s\\n' "$name from $1 is not what it should be:" \\
    "  sha256 expected $want\${size:+ ($size bytes)}" "  sha256 received $sum ($have bytes)"
  rm -f -- "$part"
  return 1
}
for url in ${urls.map((url) => quote(checkedUrl(url))).join(' ')}; do
  bytes "$part"
  begun=$have
  if [ -n "$size" ] && [ $begun -ge "$size" ]; then rm -f -- "$part"; begun=0; fi
  printf '%s\\n' "downloading $name from $url"
  get "$url"
  [ ! -f "$part" ] || accept "$url"
  if [ $begun != 0 ] && { [ ! -f "$part" ] || [ $code = 33 ]; }; then
    printf '%s\\n' 'once more, from the beginning'
    rm -f -- "$part"
    begun=0
    get "$url"
    [ ! -f "$part" ] || accept "$url"
  fi
  bytes "$part"
  free=$(df -Pk -- "$dir" | { read -r head; read -r fs total used avail rest; printf '%s' "$avail"; })
  [ "\${free:-1024}" -ge 1024 ] || { printf '%s\\n' "No space left on device: $dir has $free KiB, $name needs \${size:-more} bytes"; exit 1; }
  [ $code = 0 ] && printf '%s\\n' "$url ended after $have\${size:+ of $size} bytes"
  [ $code = 0 ] || printf '%s\\n' "$url could not be downloaded (status $code), $have bytes\${size:+ of $size} are kept"
done
printf '%s\\n' "$name could not be downloaded from any of its places; nothing was changed"
exit 1`
}
