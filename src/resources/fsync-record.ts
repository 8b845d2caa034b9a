import type { Change } from '../core/change.ts'
import { type Answers, type Probe, probe } from '../core/fact.ts'
import { FactError } from '../core/fact-error.ts'
import { quote, sh } from '../core/quote.ts'
import { type Resource, type ResourceType, resource } from '../core/resource.ts'
import type { Step } from '../core/step.ts'
import { FSYNC_RECORD, type Fsync, type FsyncAsk, fsync, fsyncRecordLine } from '../facts/fsync.ts'
import { fsyncRecorded } from '../facts/fsync-recorded.ts'

export interface FsyncRecordWant {
  /** Folder whose figure is kept. */
  readonly folder: string
  /** p99 in milliseconds below which the figure is good. */
  readonly limitMs: number
}

interface Have {
  /** What is on record for this folder and the file system it lies on now. */
  readonly recorded: Fsync | undefined
  /** What the same look measured; undefined when it measured nothing. */
  readonly measured: Fsync | undefined
}

/**
 * Keeps the fsync figure of the first `up`, so that the next one need not measure a disk that is in use by then. Written
 * when there is none for this file system, or when a new measurement comes to the other verdict.
 *
 * Its probes are the record alone: the figure comes from the requirement `etcd-fsync`, asked in the same look. Were the
 * measurement among them, the guard before the step would measure again.
 */
const fsyncRecordType: ResourceType<FsyncRecordWant, Have> = {
  name: 'fsync-record',
  key: ({ folder }) => `fsync-record:${folder}`,
  paths: () => [FSYNC_RECORD],
  probes: ({ folder }) => [probe(fsyncRecorded, folder)],
  observe: ({ folder }, answers) => ({
    recorded: answers.get(probe(fsyncRecorded, folder)),
    measured: measuredIn(answers, folder),
  }),
  diff: (want, have) => {
    const next = toRecord(want, have)
    return next === undefined ? [] : [change(have.recorded, next)]
  },
  steps: (want, have) => {
    const next = toRecord(want, have)
    return next === undefined ? [] : [step(next)]
  },
  evidence: (_, { recorded }) => (recorded === undefined ? 'nothing was measured' : figure(recorded)),
}

export function fsyncRecord(want: FsyncRecordWant): Resource {
  return resource(fsyncRecordType, want, {
    title: 'record of the fsync measurement',
    after: ['requirement:etcd-fsync'],
  })
}

function measuredIn(answers: Answers, folder: string): Fsync | undefined {
  const asks: readonly FsyncAsk[] = [
    { folder, again: true },
    { folder, again: false },
  ]
  for (const ask of asks) {
    const seen = answered(answers, probe(fsync, ask))
    if (seen && !seen.recorded) return seen
  }
  return undefined
}

function answered(answers: Answers, ask: Probe<FsyncAsk, ReturnType<typeof fsync.parse>>): Fsync | undefined {
  try {
    const seen = answers.get(ask)
    return 'unknown' in seen ? undefined : seen
  } catch (error) {
    if (error instanceof FactError) return undefined
    throw error
  }
}

function toRecord({ limitMs }: FsyncRecordWant, { recorded, measured }: Have): Fsync | undefined {
  if (measured === undefined) return undefined
  const sameVerdict = recorded !== undefined && recorded.p99Ms < limitMs === measured.p99Ms < limitMs
  return sameVerdict ? undefined : measured
}

function change(recorded: Fsync | undefined, next: Fsync): Change {
  return { what: '', from: recorded === undefined ? 'absent' : figure(recorded), to: figure(next) }
}

function figure({ p99Ms, fileSystem, measuredAt }: Fsync): string {
  return `p99 ${p99Ms.toFixed(2)} ms on ${fileSystem}, measured ${new Date(measuredAt * 1000).toISOString()}`
}

/** The file holds one line for each folder that was ever measured; a line of ours is replaced. */
function step(next: Fsync): Step {
  const folder = FSYNC_RECORD.slice(0, FSYNC_RECORD.lastIndexOf('/'))
  const draft = `${folder}/.verified.new`
  return {
    title: `write ${FSYNC_RECORD}`,
    measured: [quote(fsyncRecordLine(next))],
    body: [
      'set -e',
      sh`mkdir -p -m 0755 ${folder}`,
      sh`{ if [ -f ${FSYNC_RECORD} ]; then grep -v -F ${`fsync\t${next.asked}\t`} ${FSYNC_RECORD} || :; fi; } >${draft}`,
      sh`printf '%s\\n' ${fsyncRecordLine(next)} >>${draft}`,
      sh`chmod 0644 ${draft}`,
      sh`mv -f ${draft} ${FSYNC_RECORD}`,
    ].join('\n'),
  }
}
