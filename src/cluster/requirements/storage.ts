import { ETCD_GIB, NODE_FOLDERS_GIB } from '../../catalog/node-folders.ts'
import { probe } from '../../core/fact.ts'
import { blockDevice, type Disk, type Storage } from '../../facts/block-device.ts'
import { diskSpace } from '../../facts/disk-space.ts'
import { type Fsync, type FsyncAsk, fsync } from '../../facts/fsync.ts'
import { type Judgement, type Rule, undecided } from './rule.ts'
import type { VerifySettings } from './settings.ts'

const GIB = 1024 ** 3

export function storageRules(settings: VerifySettings): readonly Rule[] {
  const etcd = settings.controlPlane ? { [settings.etcdFolder]: ETCD_GIB } : {}
  const folders = Object.entries({ ...NODE_FOLDERS_GIB, ...etcd, ...settings.thresholds.diskGiB })
  return [
    ...folders.filter(([, wantedGiB]) => wantedGiB > 0).map(([folder, wantedGiB]) => space(folder, wantedGiB)),
    ...(settings.controlPlane ? [etcdDisk(settings.etcdFolder), etcdFsync(settings)] : []),
  ]
}

function space(folder: string, wantedGiB: number): Rule {
  const ask = probe(diskSpace, folder)
  return {
    id: 'disk-space',
    of: folder,
    probes: [ask],
    judge(answers) {
      const seen = answers.get(ask)
      const threshold = `at least ${wantedGiB} GiB free`
      if (!seen) return undecided('stat -f does not tell', threshold, `run: df -h ${folder}`)
      const place = seen.folder === folder ? '' : ` (in ${seen.folder}; ${folder} is not there yet)`
      return {
        met: seen.freeBytes >= wantedGiB * GIB,
        evidence: `${gib(seen.freeBytes)} of ${gib(seen.totalBytes)} GiB free${place}`,
        threshold,
        severity: 'required',
        fix: `make room in ${seen.folder}, mount a larger disk at ${folder}, or set verify.diskGiB`,
      }
    },
  }
}

function gib(bytes: number): string {
  return (bytes / GIB).toFixed(1)
}

function etcdDisk(folder: string): Rule {
  const ask = probe(blockDevice, folder)
  return {
    id: 'nvme-etcd',
    probes: [ask],
    judge: (answers) => judgeStorage(answers.get(ask), folder),
  }
}

const WORST_FIRST = ['spinning', 'network', 'usb', 'unknown', 'memory', 'ssd', 'nvme'] as const
type DiskKind = (typeof WORST_FIRST)[number]

/** What a disk says of itself. A virtual one has nothing to say: virtio claims to spin whatever lies beneath. */
function kindOf({ transport, rotational }: Disk): DiskKind {
  if (transport === 'virtual') return 'unknown'
  if (transport !== 'other') return transport
  return rotational ? 'spinning' : 'ssd'
}

const KIND_TEXT: Readonly<Record<DiskKind, string>> = {
  spinning: 'spinning disk',
  network: 'disk on the network',
  usb: 'disk on USB',
  unknown: 'virtual disk',
  memory: 'disk in memory',
  ssd: 'SSD',
  nvme: 'NVMe',
}

function judgeStorage(storage: Storage | undefined, folder: string): Judgement {
  const threshold = 'NVMe'
  const fix = `mount an NVMe disk and let kubernetes.etcd.dataDir name a folder on it (a subfolder of the mount)`
  if (!storage) return undecided(`no file system was found for ${folder}`, threshold, `run: findmnt -T ${folder}`)
  const { mountPoint, fsType, source, layers, disks } = storage
  const mount = `${mountPoint} (${fsType}, ${source})`
  if (disks.length === 0)
    return undecided(
      `${mount} shows no disk beneath it; the fsync figure decides`,
      threshold,
      `run: findmnt -T ${folder}`,
    )
  const kind = WORST_FIRST.find((one) => disks.some((disk) => kindOf(disk) === one)) ?? 'unknown'
  const names = disks.map((disk) => `${disk.name} ${disk.model}`.trim()).join(', ')
  const evidence = `${KIND_TEXT[kind]}: ${[mount, ...layers, names].join(' on ')}`
  if (kind === 'nvme') return { met: true, evidence, threshold, severity: 'required' }
  if (kind === 'unknown')
    return undecided(
      `${evidence}; what is beneath it cannot be seen from inside, the fsync figure decides`,
      threshold,
      'ask whoever runs the hypervisor what the disk lies on',
    )
  const bad = kind === 'spinning' || kind === 'network' || kind === 'usb'
  return { met: false, evidence, threshold, severity: bad ? 'required' : 'advised', fix }
}

/** How the fsync of a control plane's etcd folder is asked for: by the rule, and by the record of it. */
export function fsyncAsk({ etcdFolder, measureAgain }: VerifySettings): FsyncAsk {
  return { folder: etcdFolder, again: measureAgain }
}

function etcdFsync(settings: VerifySettings): Rule {
  const ask = probe(fsync, fsyncAsk(settings))
  const limitMs = settings.thresholds.etcdFsyncP99Ms
  return {
    id: 'etcd-fsync',
    probes: [ask],
    judge(answers) {
      const threshold = `p99 below ${limitMs} ms`
      const seen = answers.get(ask)
      if ('unknown' in seen)
        return undecided(
          seen.unknown,
          threshold,
          `install fio and run: fio --rw=write --ioengine=sync --fdatasync=1 --directory=${settings.etcdFolder} --size=22m --bs=2300 --name=etcd --unlink=1`,
        )
      return {
        met: seen.p99Ms < limitMs,
        evidence: `p99 ${milliseconds(seen.p99Ms)} ms, ${fsyncStory(seen)}`,
        threshold,
        severity: 'required',
        fix: `use a faster disk for ${settings.etcdFolder} (NVMe with power-loss protection), or stop what else writes to it, then run provision check`,
      }
    },
  }
}

function fsyncStory({ p50Ms, maxMs, samples, measuredAt, recorded, folder }: Fsync): string {
  const figures = `median ${milliseconds(p50Ms)}, slowest ${milliseconds(maxMs)} of ${samples} writes in ${folder}`
  const date = new Date(measuredAt * 1000).toISOString().slice(0, 16).replace('T', ' ')
  return recorded ? `${figures}, measured ${date} UTC (provision check measures again)` : figures
}

function milliseconds(ms: number): string {
  return ms < 1 ? ms.toFixed(2) : ms.toFixed(1)
}
