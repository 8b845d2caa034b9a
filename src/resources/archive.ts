import type { Change } from '../core/change.ts'
import { probe } from '../core/fact.ts'
import { argv, quote } from '../core/quote.ts'
import { type Resource, type ResourceOptions, type ResourceType, resource } from '../core/resource.ts'
import type { Step } from '../core/step.ts'
import { type ArchiveAsk, type ArchiveState, archiveFact, archiveStamp, MEMBER_FORMAT } from '../facts/archive.ts'
import { hostPath } from '../facts/host-path.ts'
import {
  type ArtifactSource,
  artifactOf,
  describeArtifact,
  downloadSteps,
  dropBytes,
  sourceBytes,
} from './artifact-source.ts'

export type ArchiveWant = ArtifactSource & {
  /** Folder its members are put into; made when missing. Other files there are left alone. */
  readonly destination: string
  /** Names in the archive, before stripping; a folder stands for all in it. Default: everything. */
  readonly members?: readonly string[]
  /** Leading folders to leave out of each name. Default 0. */
  readonly strip?: number
}

const UNPACK_TIMEOUT_MS = 600_000
const DRIFT_SHOWN = 5

/**
 * A tar (plain, gzip, or whatever the host's tar reads by itself) unpacked into a folder, owned by root. Members are put in
 * place one by one, each by a rename; their digests are stamped, so that a member somebody changed is found and put right.
 */
export function archive(want: ArchiveWant, options: ResourceOptions = {}): Resource {
  hostPath(want.destination)
  for (const member of want.members ?? []) {
    if (!/^[^/\n\t\0\\-][^\n\t\0\\]*$/.test(member) || member.split('/').includes('..'))
      throw new TypeError(`${JSON.stringify(member)} is not the name of a member: it must be relative, without ".."`)
  }
  const { name, version } = artifactOf(want)
  return resource(archiveType, want, { title: `${name} ${version} in ${want.destination}`, ...options })
}

export const archiveType: ResourceType<ArchiveWant, ArchiveState> = {
  name: 'archive',
  key: (want) => `archive:${want.destination}#${artifactOf(want).name}`,
  paths: (want) => [want.destination, archiveStamp(askOf(want))],
  probes: (want) => [probe(archiveFact, askOf(want))],
  observe: (want, answers) => answers.get(probe(archiveFact, askOf(want))),
  diff: (want, have) => {
    if (!have.unpacked) return [{ what: '', from: 'absent', to: describeArtifact(want) }]
    const changes: Change[] = []
    const { sha256, how } = have.unpacked
    if (sha256 !== artifactOf(want).sha256)
      changes.push({ what: 'archive', from: `sha256 ${sha256.slice(0, 12)}`, to: describeArtifact(want) })
    if (how !== howOf(want)) changes.push({ what: 'members', from: how, to: howOf(want) })
    return changes.length > 0 ? changes : driftChanges(have)
  },
  steps: (want, have) => (archiveType.diff(want, have).length === 0 ? [] : [...downloadSteps(want), unpackStep(want)]),
  evidence: (want, { memberCount }) => `${describeArtifact(want)}, ${memberCount} files`,
}

function askOf(want: ArchiveWant): ArchiveAsk {
  return { destination: want.destination, name: artifactOf(want).name }
}

/** How it is unpacked, in a line: another way is another result. */
function howOf({ members, strip = 0 }: ArchiveWant): string {
  return `${members?.length ? argv(members) : 'all'}${strip > 0 ? `, without ${strip} leading folders` : ''}`
}

function driftChanges({ drift }: ArchiveState): readonly Change[] {
  const changes = drift
    .slice(0, DRIFT_SHOWN)
    .map(({ path, what }) => ({ what: path, from: describeDrift(what), to: 'as in the archive' }))
  const rest = drift.length - changes.length
  return rest > 0 ? [...changes, { what: `${rest} more files`, from: 'changed', to: 'as in the archive' }] : changes
}

function describeDrift(what: ArchiveState['drift'][number]['what']): string {
  return what === 'absent' ? 'absent' : `other ${what}`
}

function unpackStep(want: ArchiveWant): Step {
  const { name, version, sha256 } = artifactOf(want)
  const source = sourceBytes(want)
  return {
    title: `unpack ${name} ${version} into ${want.destination}`,
    timeoutMs: UNPACK_TIMEOUT_MS,
    ...(source.blobs === undefined ? {} : { blobs: source.blobs }),
    body: `${source.body}
name=${quote(`${name} ${version}`)} to=${quote(want.destination)} stamp=${quote(archiveStamp(askOf(want)))} strip=${want.strip ?? 0}
new=$to/.${sha256.slice(0, 16)}.provision
stop() { cd /; rm -rf -- "$new"; printf '%s\\n' "$1"; exit 1; }
(umask 022 && mkdir -p -- "$to") || exit 1
rm -rf -- "$new"
mkdir -- "$new" || exit 1
sum=$(sha256sum <"$src") || stop "$name could not be read"
[ "\${sum%% *}" = ${sha256} ] || stop "$name is not what it should be: sha256 expected ${sha256}, found \${sum%% *}; nothing was changed"
tar -x -o -f "$src" -C "$new"${want.members?.length ? ` ${argv(want.members)}` : ''} || {
  avail=$(df -Pk -- "$to" | { read -r head; read -r fs size used avail rest; printf '%s' "$avail"; })
  [ "\${avail:-1024}" -ge 1024 ] || stop "$name could not be unpacked: No space left on device ($avail KiB free in $to)"
  stop "$name could not be unpacked"
}
cd "$new" || exit 1
find . ! -type d ! -type f ! -type l | grep . && stop "$name holds devices, sockets or pipes; it is not unpacked"
${PLACE_MEMBERS}
cd /
rm -rf -- "$new"
${dropBytes(want)}
mkdir -p ${quote(dirOf(archiveStamp(askOf(want))))} &&
{ printf '%s\\t%s\\n' ${sha256} ${quote(howOf(want))}; printf '%s' "$placed"; } >"$stamp.new" && mv -f -- "$stamp.new" "$stamp"`,
  }
}

/** Moves each member to its place and collects its line for the stamp. Sorted, so that the same archive gives the same stamp. */
const PLACE_MEMBERS = `placed='' nl='
' tab='\t'
set -f
list=$(find . ! -type d | LC_ALL=C sort)
IFS=$nl
for member in $list; do
  rel=\${member#./}
  n=$strip
  while [ "$n" -gt 0 ]; do
    case $rel in */*) rel=\${rel#*/} ;; *) rel='' ;; esac
    n=$((n - 1))
  done
  [ -n "$rel" ] || continue
  case $rel in *[\\\\$tab]*) stop "$name holds a member whose name we cannot keep in a stamp: $rel" ;; esac
  target=$to/$rel
  case $rel in */*) (umask 022 && mkdir -p -- "\${target%/*}") || stop "cannot make \${target%/*}" ;; esac
  if [ -h "$member" ]; then sum=$(readlink -- "$member" | sha256sum)
  else
    chmod go-w -- "$member"
    sum=$(sha256sum <"$member")
    sync -- "$member" 2>/dev/null
  fi || stop "cannot read $member"
  mv -f -T -- "$member" "$target" || stop "cannot put $target in place"
  line=$(TZ=UTC0 stat -c ${quote(MEMBER_FORMAT)} -- "$target") || stop "cannot look at $target"
  placed=$placed$line$tab\${sum%% *}$nl
done
unset IFS
[ -n "$placed" ] || stop "$name holds no file to unpack"`

function dirOf(path: string): string {
  return path.slice(0, path.lastIndexOf('/'))
}
