import { artifactBlob } from '../artifacts/artifact-file.ts'
import type { HostDownload } from '../artifacts/offer.ts'
import type { Change } from '../core/change.ts'
import { type Decision, notMade } from '../core/decision.ts'
import { type Answers, probe } from '../core/fact.ts'
import { quote } from '../core/quote.ts'
import { type Resource, type ResourceOptions, type ResourceType, resource } from '../core/resource.ts'
import type { Step } from '../core/step.ts'
import { type DownloadPlace, downloadPlaceFact } from '../facts/download-place.ts'
import { draftOf, folderOf, hostPath } from '../facts/host-path.ts'
import {
  type InstalledFile,
  installedFileFact,
  installedFileStamp,
  stampInstalledFile,
} from '../facts/installed-file.ts'
import { forArch } from './artifact-source.ts'
import { downloadedPath, downloadStep } from './download-step.ts'
import { relabel } from './placement.ts'
import { ifSeen } from './seen.ts'

export interface FetchedBinaryWant {
  readonly download: HostDownload
  /** Absolute path on the host. Its folder is made when missing. */
  readonly path: string
}

interface FetchedBinaryState {
  readonly file: InstalledFile | undefined
  /** Whether the host can fetch it; only asked where it must come. */
  readonly place: DownloadPlace | undefined
}

const MODE = '0755'
/** For unpacking, copying and digesting on a slow disk. */
const COPY_TIMEOUT_MS = 300_000

/**
 * A program as its project publishes it, by itself or in a `.tar.gz`. The host downloads it; where it cannot, the same bytes
 * come through SSH. Either way the digest of the download is checked first, and what came out of an archive is known by it.
 */
export function fetchedBinary(want: FetchedBinaryWant, options: ResourceOptions = {}): Resource {
  hostPath(want.path)
  const { name, version, here } = want.download
  const made = resource(fetchedBinaryType, want, { title: `${name} ${version}`, ...options })
  return { ...made, until: here, decide: (answers) => orAwaited(made.decide(answers), want, answers) }
}

/** What is to be sent must be here first; nothing is downloaded for hosts that fetch it themselves. */
function orAwaited(decision: Decision, want: FetchedBinaryWant, answers: Answers): Decision {
  if (decision.verdict !== 'differs') return decision
  const { place } = seen(want, answers)
  const { here } = want.download
  if (place === undefined || place.reached) return decision
  if (!here.known) return { ...decision, awaits: here.label }
  return here.error === undefined ? decision : notMade(here.error)
}

function seen(want: FetchedBinaryWant, answers: Answers): FetchedBinaryState {
  const file = answers.get(probe(installedFileFact, { path: want.path }))
  return { file, place: isRight(want, file) ? undefined : answers.get(placeProbe(want)) }
}

function placeProbe({ download }: FetchedBinaryWant) {
  return probe(downloadPlaceFact, download.url)
}

export const fetchedBinaryType: ResourceType<FetchedBinaryWant, FetchedBinaryState> = {
  name: 'fetched-binary',
  key: ({ path }) => `file:${path}`,
  paths: ({ path }) => [path, installedFileStamp(path)],
  probes: ({ path }) => [probe(installedFileFact, { path })],
  closer: (want, answers) => {
    const isAsked = ifSeen(() => !isRight(want, answers.get(probe(installedFileFact, { path: want.path }))))
    return isAsked ? [placeProbe(want)] : []
  },
  observe: (want, answers) => {
    const have = seen(want, answers)
    if (have.file?.kind !== 'folder') return have
    return { unknown: `${want.path} is a folder; remove it, or choose another path` }
  },
  diff: (want, { file, place }) => {
    if (!file) return [{ what: '', from: 'absent', to: described(want, place) }]
    return [...contentChange(want, file, place), ...accessChanges(file)]
  },
  steps: (want, { file, place }) => {
    if (place) return place.reached ? fetchSteps(want) : [sendStep(want)]
    return file && accessChanges(file).length > 0 ? [accessStep(want, file)] : []
  },
  evidence: ({ download }) => nameOf(download),
}

function nameOf({ name, version, arch, sha256, member }: HostDownload): string {
  return `${name} ${version}${forArch(arch)} (${member === undefined ? '' : 'of the archive with '}sha256 ${sha256.slice(0, 12)})`
}

/** With the way it comes: the plan says it. */
function described({ download }: FetchedBinaryWant, place: DownloadPlace | undefined): string {
  const way = place?.reached
    ? `fetched by the host from ${placeOf(download.url)}`
    : `sent through SSH: ${place?.reason ?? 'the host was not asked'}`
  return `${nameOf(download)}, ${way}`
}

function placeOf(url: string): string {
  return new URL(url).host || url
}

function isRight({ download }: FetchedBinaryWant, file: InstalledFile | undefined): boolean {
  if (file?.sha256 === undefined) return false
  if (download.member === undefined) return file.sha256 === download.sha256
  const { origin } = file
  return origin?.archive === download.sha256 && origin.member === download.member && origin.sha256 === file.sha256
}

function contentChange(
  want: FetchedBinaryWant,
  file: InstalledFile,
  place: DownloadPlace | undefined,
): readonly Change[] {
  if (isRight(want, file)) return []
  const from = file.sha256 === undefined ? `a ${file.kind}` : `sha256 ${file.sha256.slice(0, 12)}`
  return [{ what: 'content', from, to: described(want, place) }]
}

function accessChanges(file: InstalledFile): readonly Change[] {
  const changes: Change[] = []
  if (file.uid !== 0 || file.gid !== 0) changes.push({ what: 'owner', from: `${file.uid}:${file.gid}`, to: '0:0' })
  if (file.kind !== 'link' && file.mode !== MODE) changes.push({ what: 'mode', from: file.mode, to: MODE })
  return changes
}

/** Other members of the same archive need the download too: it goes when the run ends. */
function fetchSteps(want: FetchedBinaryWant): readonly Step[] {
  const { download } = want
  const fetched = quote(downloadedPath(download.sha256))
  const after = download.member === undefined ? `rm -f -- ${fetched}` : ':'
  return [downloadStep(download, [download.url]), installStep(want, fetched, after)]
}

function sendStep(want: FetchedBinaryWant): Step {
  const { sha256, here } = want.download
  const step = installStep(want, `"$(blob ${sha256})"`, ':')
  return here.known && here.error === undefined ? { ...step, blobs: [artifactBlob(here.get())] } : step
}

function installStep({ download, path }: FetchedBinaryWant, src: string, after: string): Step {
  const { name, version, sha256, member } = download
  const origin = member === undefined ? undefined : { archive: sha256, member }
  return {
    title: `install ${name} ${version} as ${path}`,
    timeoutMs: COPY_TIMEOUT_MS,
    body: `src=${src}
new=${quote(draftOf(path))}
stop() { rm -f -- "$new"; printf '%s\\n' "$1" 'What was there before is left as it is.'; exit 1; }
(umask 022 && mkdir -p -- ${quote(folderOf(path))}) || exit 1
rm -f -- "$new"
sum=$(sha256sum <"$src") || stop 'the download is not there'
[ "\${sum%% *}" = ${sha256} ] || {
  rm -f -- "$src"
  stop ${quote(`${name} ${version}, for ${path}, is not what it should be: sha256 expected ${sha256}, found`)}" \${sum%% *}."
}
${extraction(name, member)}
sum=$(sha256sum <"$new") || stop 'what was unpacked cannot be read'
sum=\${sum%% *}
chown 0:0 -- "$new" && chmod ${MODE} -- "$new" || stop 'owner and mode could not be set'
sync -- "$new" 2>/dev/null || sync
mv -f -T -- "$new" ${quote(path)} || stop 'it could not be put in place'
${relabel(path)}
${after}
${stampInstalledFile(path, '$sum', origin)}`,
  }
}

/** Archives name their members with or without `./` in front. */
function extraction(name: string, member: string | undefined): string {
  if (member === undefined) return 'cp -- "$src" "$new" || stop \'it could not be copied\''
  const [bare, dotted] = [quote(member), quote(`./${member}`)]
  return `set -C
tar -x -z -O -f "$src" ${bare} >"$new" 2>/dev/null; [ -s "$new" ] || {
  rm -f -- "$new"
  tar -x -z -O -f "$src" ${dotted} >"$new" 2>/dev/null
}
set +C
[ -s "$new" ] || stop ${quote(`the archive of ${name} does not hold ${member}, or the disk is full`)}`
}

function accessStep({ download, path }: FetchedBinaryWant, file: InstalledFile): Step {
  const { sha256, member } = download
  const origin = member === undefined ? undefined : { archive: sha256, member }
  return {
    title: `set owner and mode of ${path}`,
    body: `chown 0:0 -- ${quote(path)} && chmod ${MODE} -- ${quote(path)} &&
${stampInstalledFile(path, file.sha256 ?? sha256, origin)}`,
  }
}
