import { FailedError } from '../core/errors.ts'
import { type Blob, type Outcome, STAGE, stagedPath, type UploadOptions } from '../core/host.ts'
import { quote } from '../core/quote.ts'
import { checkName, RUN_FOLDER, runFolder } from './folders.ts'
import type { Link } from './link.ts'
import { outcomeOf } from './outcome.ts'
import { SAFE_DIR } from './script.ts'
import { Sections } from './sections.ts'
import type { Talk } from './talk.ts'
import { tarOf } from './tar.ts'

/**
 * Brings blobs to the host over one channel: the host says which it has, gets a tar of the others, checks each digest,
 * and gives those that are right their name. Exit codes: 0 all there; 65 a digest was wrong (named in stderr, that file
 * removed); 28 no room (path and free space in stderr); 74 the tar could not be unpacked.
 */
export async function upload(
  link: Link,
  run: string,
  blobs: readonly Blob[],
  options: UploadOptions,
): Promise<Outcome> {
  checkName('run', run)
  for (const { sha256 } of blobs) if (!/^[0-9a-f]{64}$/.test(sha256)) throw new TypeError(`${sha256} is not a digest`)
  const wanted = [...new Map(blobs.map((blob) => [stagedPath(run, blob), blob])).values()]
  const sections = new Sections({})
  const sending = new AbortController()
  let broken: unknown
  let talk: Talk | undefined
  let there = ''
  const send = async (): Promise<void> => {
    const have = new Set(there.split('\n'))
    const missing = wanted.filter((blob) => !have.has(stagedPath(run, blob)))
    await sendTar(missing, run, { talk: talk as Talk, signal: sending.signal, onProgress: options.onProgress })
  }
  talk = link.talk({
    stage: () => uploadStage(run, wanted),
    endInput: false,
    deadlineMs: options.deadlineMs,
    signal: options.signal,
    sink: {
      onBytes: (bytes) => {
        there += Buffer.from(bytes).toString('latin1')
      },
      onMark: (words) => {
        sections.onMark(words)
        if (words[0] === 'SEND') {
          send().catch((error: unknown) => {
            broken = error
            talk?.end()
          })
        }
        if (words[0] === 'END') talk?.conclude()
      },
    },
  })
  const end = await talk.ended
  sending.abort()
  if (broken !== undefined) throw broken
  return outcomeOf(end, talk, sections, options.deadlineMs)
}

interface Sending {
  readonly talk: Talk
  readonly signal: AbortSignal
  readonly onProgress: UploadOptions['onProgress'] | undefined
}

async function sendTar(blobs: readonly Blob[], run: string, { talk, signal, onProgress }: Sending): Promise<void> {
  const totalBytes = blobs.reduce((sum, blob) => sum + blob.size, 0)
  let sentBytes = 0
  onProgress?.(0, totalBytes)
  const entries = blobs.map((blob) => ({ blob, path: partPath(run, blob) }))
  const progress = (bytes: number): void => {
    sentBytes += bytes
    onProgress?.(sentBytes, totalBytes)
  }
  for await (const chunk of tarOf(entries, progress)) {
    if (signal.aborted) return
    await talk.write(chunk)
  }
  talk.end()
}

/** Where a blob lies until its digest was checked. */
function partPath(run: string, blob: Blob): string {
  const path = stagedPath(run, blob)
  return path.replace(/[^/]+$/, (name) => `.part-${name}`)
}

function uploadStage(run: string, blobs: readonly Blob[]): string {
  const onDisk = blobs.some((blob) => stagedPath(run, blob).startsWith(STAGE.disk))
  const folders = [RUN_FOLDER, runFolder(run), STAGE.memory(run), ...(onDisk ? ['/var/lib/provision', STAGE.disk] : [])]
  const list = blobs.map(
    (blob) => `${blob.sha256} ${blob.size} ${stagedPath(run, blob)} ${blob.name.replace(/\s+/g, ' ')}`,
  )
  return `${SAFE_DIR}
finish() { [ "$1" = 0 ] || rm -f ${STAGE.memory(run)}/.part-* ${STAGE.disk}/.part-* 2>/dev/null; mark END "$1"; exit 0; }
for d in ${folders.join(' ')}; do safe_dir "$d" || finish 74; done
list=${quote(list.join('\n'))}
each() { printf '%s\\n' "$list" | while read -r sha size path name; do [ -n "$sha" ] && "$1"; done; }
has() { [ -f "$path" ] && [ ! -L "$path" ] && [ "$(stat -c %s "$path")" = "$size" ] && printf '%s\\n' "$path"; }
lacking() { [ -f "$path" ] || printf '%s %s\\n' "\${path%/*}" "$size"; }
room() {
  each lacking | while read -r d size; do
    case $d in "$1") printf '%s\\n' "$size" ;; esac
  done | { sum=0; while read -r size; do sum=$((sum + (size + 4095) / 4096 * 4)); done
  free=$(df -Pk "$1" | { read -r x; read -r x x x free x; printf '%s' "$free"; })
  case $free in '' | *[!0-9]*) exit 0 ;; esac
  [ "$sum" -le "$free" ] || { printf 'no room in %s: %s KiB needed, %s KiB free\\n' "$1" "$sum" "$free" >&2; exit 1; }; }
}
room ${STAGE.memory(run)} || finish 28
${onDisk ? `room ${STAGE.disk} || finish 28` : ':'}
mark HAVE
each has
mark SEND
tar -xf - -C / || {
  for d in ${STAGE.memory(run)} ${onDisk ? STAGE.disk : ''}; do
    df -Pk "$d" | { read -r x; read -r x x x free x; printf '%s has %s KiB free\\n' "$d" "$free"; } >&2
  done
  finish 74
}
check() {
  part="\${path%/*}/.part-$sha"
  [ -f "$part" ] || { has >/dev/null || printf '%s did not arrive\\n' "$name"; return; }
  sum=$(sha256sum "$part"); sum=\${sum%% *}
  if [ "$sum" = "$sha" ]; then mv -f "$part" "$path" || printf 'cannot rename %s\\n' "$part"
  else rm -f "$part"; printf '%s has the digest %s instead of %s\\n' "$name" "$sum" "$sha"; fi
}
wrong=$(each check)
[ -z "$wrong" ] || { printf '%s\\n' "$wrong" >&2; finish 65; }
finish 0`
}

/** For callers that want an exception: the outcome of an upload that did not bring everything. */
export function uploadError(host: string, outcome: Outcome): FailedError | undefined {
  if (outcome.kind === 'exited' && outcome.code === 0) return undefined
  const why = outcome.kind === 'exited' ? outcome.stderr.trim() : 'reason' in outcome ? outcome.reason : outcome.kind
  return new FailedError({
    what: `the upload to ${host} failed`,
    where: host,
    why,
    fix: 'mend what is named above and run again: what arrived whole is not sent twice',
  })
}
