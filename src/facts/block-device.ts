import type { Fact, Line } from '../core/fact.ts'
import { argv } from '../core/quote.ts'
import { MOUNT_OF, RESOLVE_PATH } from './mount.ts'

/** A whole disk at the bottom of a file system. */
export interface Disk {
  /** Kernel name, e.g. `nvme0n1`. */
  readonly name: string
  /** As its place in /sys tells; `virtual` is a disk a hypervisor made, of which nothing else is known. */
  readonly transport: 'nvme' | 'virtual' | 'network' | 'usb' | 'memory' | 'other'
  /** The kernel's own idea. Says nothing about a virtual disk: virtio reports a spinning one whatever lies beneath. */
  readonly rotational: boolean
  readonly model: string
}

export interface Storage {
  readonly folder: string
  readonly mountPoint: string
  readonly fsType: string
  readonly source: string
  /** From the file system down: `dm-0 (LVM)`, `md0 (raid1)`, `loop0 (/disk.img)`. */
  readonly layers: readonly string[]
  /** Empty when no block device is beneath (tmpfs, NFS, ZFS, overlay). */
  readonly disks: readonly Disk[]
}

/**
 * The disks a folder's bytes end up on, through partitions, LVM, dm-crypt, RAID and loop files, by walking
 * /sys/dev/block and its `slaves`.
 */
export const blockDevice: Fact<string, Storage | undefined> = {
  name: 'block-device',
  id: (path) => path,
  script: (paths) => `${RESOLVE_PATH}
${MOUNT_OF}
${WALK}
for path in ${argv(paths)}; do walk "$path"; done`,
  parse(lines) {
    const mount = lines.find(([word]) => word === 'mount')
    if (!mount) return undefined
    const [, folder = '', mountPoint = '', fsType = '', source = ''] = mount
    const layers = lines.flatMap(([word, name = '', detail = '']) =>
      word === 'layer' ? [layerText(name, detail)] : [],
    )
    const disks = lines.flatMap((line) => (line[0] === 'disk' ? [readDisk(line)] : []))
    return { folder, mountPoint, fsType, source, layers, disks }
  },
}

/**
 * `walk PATH` prints lines `mount`, `layer` and `disk`. The list of devices still to visit grows as it goes; 64 visits are
 * more than any stack needs. btrfs and friends mount an invented device number: then the source names the device.
 */
const WALK = `first_line() { first=; [ -r "$1" ] && IFS= read -r first <"$1"; :; }
device_of_mount() {
device=/sys/dev/block/$mount_device
if [ ! -e "$device" ]; then
case $mount_source in /dev/*) device=$(readlink -f -- "$mount_source") device=/sys/class/block/\${device##*/} ;; esac
fi
}
walk() {
resolve "$1"
mount_of "$resolved"
[ -n "$mount_point" ] || return 0
printf '%s\\tmount\\t%s\\t%s\\t%s\\t%s\\n' "$1" "$resolved" "$mount_point" "$mount_type" "$mount_source"
device_of_mount
todo=$device seen=' ' visits=0
while [ -n "$todo" ] && [ "$visits" -lt 64 ]; do
visits=$((visits + 1)) next=\${todo%% *}
case $todo in *' '*) todo=\${todo#* } ;; *) todo= ;; esac
visit "$1" "$next"
done
}
visit() {
cd -P -- "$2" 2>/dev/null || return 0
[ ! -e partition ] || cd ..
case $seen in *" $PWD "*) return 0 ;; esac
seen="$seen$PWD "
name=\${PWD##*/}
below=
for slave in slaves/*; do if [ -e "$slave" ]; then below="$below $PWD/$slave"; fi; done
if [ -r loop/backing_file ]; then
first_line loop/backing_file
printf '%s\\tlayer\\t%s\\t%s\\n' "$1" "$name" "loop $first"
resolve "\${first%/*}"
mount_of "$resolved"
device_of_mount
below=" $device"
elif [ -n "$below" ]; then
if [ -r dm/uuid ]; then first_line dm/uuid; else first_line md/level; fi
printf '%s\\tlayer\\t%s\\t%s\\n' "$1" "$name" "$first"
else
first_line queue/rotational; turns=$first
first_line device/model
printf '%s\\tdisk\\t%s\\t%s\\t%s\\t%s\\n' "$1" "$name" "$turns" "$PWD" "$first"
fi
todo="$todo$below" todo=\${todo# }
}`

function layerText(name: string, detail: string): string {
  if (detail.startsWith('loop ')) return `${name} (file ${detail.slice('loop '.length)})`
  if (detail.startsWith('LVM-')) return `${name} (LVM)`
  if (detail.startsWith('CRYPT-')) return `${name} (encrypted)`
  if (detail.startsWith('mpath-')) return `${name} (multipath)`
  return detail === '' ? name : `${name} (${detail})`
}

function readDisk([, name = '', rotational = '', place = '', model = '']: Line): Disk {
  return { name, transport: transportOf(name, place), rotational: rotational === '1', model: model.trim() }
}

const TRANSPORTS: readonly (readonly [RegExp, Disk['transport']])[] = [
  [/\/nvme-fabrics\/|\/nvme-subsystem\/.*tcp|\/session\d+\/|\/rbd\d*\/|\/nbd\d+$|\/drbd\d+$/, 'network'],
  [/^nvme/, 'nvme'],
  [/\/virtio\d+\/|\/xen|\/vbd-|\/ubd\d*|\/VMBUS/i, 'virtual'],
  [/\/usb\d+\//, 'usb'],
  [/^(zram|ram|pmem)\d+/, 'memory'],
]

function transportOf(name: string, place: string): Disk['transport'] {
  return TRANSPORTS.find(([pattern]) => pattern.test(name) || pattern.test(place))?.[1] ?? 'other'
}
