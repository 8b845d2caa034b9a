import type { Change } from '../core/change.ts'
import { probe } from '../core/fact.ts'
import { quote } from '../core/quote.ts'
import { type Resource, type ResourceOptions, type ResourceType, resource } from '../core/resource.ts'
import type { Step } from '../core/step.ts'
import { draftOf, folderOf, hostPath } from '../facts/host-path.ts'
import {
  type InstalledFile,
  installedFileFact,
  installedFileStamp,
  stampInstalledFile,
} from '../facts/installed-file.ts'
import {
  type ArtifactSource,
  artifactOf,
  describeArtifact,
  downloadSteps,
  dropBytes,
  sourceBytes,
} from './artifact-source.ts'
import { relabel } from './placement.ts'

export type BinaryWant = ArtifactSource & {
  /** Absolute path on the host, e.g. `/usr/local/bin/kubelet`. Its folder is made when missing. */
  readonly path: string
  /** Four octal digits. Default `0755`. */
  readonly mode?: string
}

const DEFAULT_MODE = '0755'
/** For copying and digesting on a slow disk. */
const COPY_TIMEOUT_MS = 300_000

/** One big file known by its digest, owned by root: a program, mostly. Replaced by rename, so what runs goes on running. */
export function binary(want: BinaryWant, options: ResourceOptions = {}): Resource {
  hostPath(want.path)
  return resource(binaryType, want, { title: `${artifactOf(want).name} ${artifactOf(want).version}`, ...options })
}

export const binaryType: ResourceType<BinaryWant, { readonly file: InstalledFile | undefined }> = {
  name: 'binary',
  key: ({ path }) => `file:${path}`,
  paths: ({ path }) => [path, installedFileStamp(path)],
  probes: ({ path }) => [probe(installedFileFact, { path })],
  observe: ({ path }, answers) => {
    const file = answers.get(probe(installedFileFact, { path }))
    return file?.kind === 'folder' ? { unknown: `${path} is a folder; remove it, or choose another path` } : { file }
  },
  diff: (want, { file }) => {
    if (!file) return [{ what: '', from: 'absent', to: describeArtifact(want) }]
    return [...contentChange(want, file), ...accessChanges(want, file)]
  },
  steps: (want, { file }) => {
    if (!file || contentChange(want, file).length > 0) return [...downloadSteps(want), installStep(want)]
    return accessChanges(want, file).length > 0 ? [accessStep(want)] : []
  },
  evidence: (want) => describeArtifact(want),
}

function contentChange(want: BinaryWant, file: InstalledFile): readonly Change[] {
  if (file.sha256 === artifactOf(want).sha256) return []
  const from = file.sha256 === undefined ? `a ${file.kind}` : `sha256 ${file.sha256.slice(0, 12)}`
  return [{ what: 'content', from, to: describeArtifact(want) }]
}

function accessChanges({ mode = DEFAULT_MODE }: BinaryWant, file: InstalledFile): readonly Change[] {
  const changes: Change[] = []
  if (file.uid !== 0 || file.gid !== 0) changes.push({ what: 'owner', from: `${file.uid}:${file.gid}`, to: '0:0' })
  if (file.kind !== 'link' && file.mode !== mode) changes.push({ what: 'mode', from: file.mode, to: mode })
  return changes
}

function installStep(want: BinaryWant): Step {
  const { path, mode = DEFAULT_MODE } = want
  const { name, version, sha256 } = artifactOf(want)
  const source = sourceBytes(want)
  return {
    title: `install ${name} ${version} as ${path}`,
    timeoutMs: COPY_TIMEOUT_MS,
    ...(source.blobs === undefined ? {} : { blobs: source.blobs }),
    body: `${source.body}
new=${quote(draftOf(path))}
stop() { rm -f -- "$new"; exit 1; }
(umask 022 && mkdir -p -- ${quote(folderOf(path))}) || exit 1
rm -f -- "$new"
cp -- "$src" "$new" || stop
sum=$(sha256sum <"$new") || stop
if [ "\${sum%% *}" != ${sha256} ]; then
  printf '%s\\n' ${quote(`${name} ${version}, for ${path}, is not what it should be; what was there before is left as it is:`)} \\
    '  sha256 expected ${sha256}' "  sha256 found    \${sum%% *}"
  stop
fi
chown 0:0 -- "$new" && chmod ${mode} -- "$new" || stop
sync -- "$new" 2>/dev/null || sync
mv -f -T -- "$new" ${quote(path)} || stop
${relabel(path)}
${dropBytes(want)}
${stampInstalledFile(path, sha256)}`,
  }
}

function accessStep(want: BinaryWant): Step {
  const { path, mode = DEFAULT_MODE } = want
  return {
    title: `set owner and mode of ${path}`,
    body: `chown 0:0 -- ${quote(path)} && chmod ${mode} -- ${quote(path)} &&
${stampInstalledFile(path, artifactOf(want).sha256)}`,
  }
}
