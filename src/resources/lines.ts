import type { Change } from '../core/change.ts'
import { InputError } from '../core/errors.ts'
import { quote } from '../core/quote.ts'
import { type Resource, type ResourceOptions, type ResourceType, resource } from '../core/resource.ts'
import type { Step } from '../core/step.ts'
import { hostPath } from '../facts/host-path.ts'
import { blockMarks, type MarkedBlock, markedBlockProbe } from '../facts/marked-block.ts'
import { type PathState, pathProbe } from '../facts/path.ts'
import { blobOf } from './blob.ts'
import { obstacle } from './owned-file.ts'
import { rewriteScript } from './rewrite.ts'

export interface LinesWant {
  /** A file others write to as well, of a format that takes `#` for comments and has no drop-in folder: /etc/hosts, /etc/fstab. */
  readonly path: string
  /** Tells our blocks in one file apart: lower-case letters, digits and dashes. */
  readonly name: string
  /** None at all takes the block away. */
  readonly lines: readonly string[]
}

interface Have {
  readonly at: PathState
  readonly block: MarkedBlock
}

/** Lines of our own between two marks in a shared file. Whatever else is in it stays as it is. */
export function lines(want: LinesWant, options?: ResourceOptions): Resource {
  const path = hostPath(want.path)
  if (!/^[a-z0-9][a-z0-9-]{0,62}$/.test(want.name))
    throw new InputError({
      what: `${path}: ${JSON.stringify(want.name)} cannot mark lines`,
      fix: 'use lower-case letters, digits and dashes',
    })
  const strange = want.lines.find((line) => /[\0\n\r]/.test(line) || /^# (BEGIN|END) provision /.test(line))
  if (strange !== undefined)
    throw new InputError({
      what: `${path}: ${JSON.stringify(strange)} is not one plain line`,
      fix: 'give one line each',
    })
  return resource(linesType, { ...want, path }, options)
}

export const linesType: ResourceType<LinesWant, Have> = {
  name: 'lines',
  key: ({ path, name }) => `lines:${path}#${name}`,
  paths: ({ path }) => [path],
  probes: ({ path, name }) => [pathProbe(path), markedBlockProbe(path, name)],
  observe({ path, name }, answers) {
    const at = answers.get(pathProbe(path))
    if (at.kind === 'link') return { unknown: `${path} is a link to ${at.target}: name the real file in the playbook` }
    const blocked = obstacle(path, at)
    if (blocked !== undefined) return { unknown: blocked }
    const block = answers.get(markedBlockProbe(path, name))
    if (block.broken !== undefined) return { unknown: `${path}: ${block.broken}: mend the marks by hand` }
    return { at, block }
  },
  diff(want, { at, block }): readonly Change[] {
    const draft: Change[] = at.draft ? [{ what: 'draft', from: 'left by an interrupted run', to: 'absent' }] : []
    if (isSame(want, block)) return draft
    const before = (block.lines ?? []).map((line) => `${line}\n`).join('')
    const after = want.lines.map((line) => `${line}\n`).join('')
    const inPlace = at.kind === 'file' && at.mounted
    return [
      {
        what: want.name,
        from: block.lines ? `${block.lines.length} lines` : 'absent',
        to: want.lines.length > 0 ? `${want.lines.length} lines` : 'absent',
        text: { before, after },
        ...(inPlace
          ? { disrupts: 'written in place: something is mounted there, so a reader may see half of it' }
          : {}),
      },
    ]
  },
  steps(want, have): readonly Step[] {
    if (linesType.diff(want, have).length === 0) return []
    const { begin, end } = blockMarks(want.name)
    const text = want.lines.length === 0 ? '' : `${[begin, ...want.lines, end].join('\n')}\n`
    const blob = blobOf(`${want.path}#${want.name}`, text)
    const filter = `  block=$(blob ${blob.sha256}) done='' skip=''
  while IFS= read -r line || [ -n "$line" ]; do
    if [ "$line" = ${quote(begin)} ]; then cat -- "$block" || return; done=1 skip=1
    elif [ "$line" = ${quote(end)} ]; then skip=''
    elif [ -z "$skip" ]; then printf '%s\\n' "$line"; fi
  done
  [ -n "$done" ] || cat -- "$block"`
    const inPlace = have.at.kind === 'file' && have.at.mounted
    const body = rewriteScript({ path: want.path, filter, inPlace })
    return [{ title: `write ${want.name} in ${want.path}`, body, blobs: [blob] }]
  },
  evidence: ({ lines: wanted }) => `${wanted.length} lines`,
}

function isSame({ lines: wanted }: LinesWant, { lines: found }: MarkedBlock): boolean {
  if (wanted.length === 0) return found === undefined
  return found !== undefined && found.length === wanted.length && found.every((line, i) => line === wanted[i])
}
