import { expect, test } from 'vitest'
import { probe } from '../../../src/core/fact.ts'
import { blockDevice } from '../../../src/facts/block-device.ts'
import { SHELLS, TestHost } from '../../support/test-host.ts'

/**
 * A /sys of our own: etcd on LVM, on two partitions; one in a RAID of two NVMe disks, one in a loop file whose file system
 * lies on a SATA disk. The layout is the kernel's (Documentation/ABI/stable/sysfs-block).
 */
const FAKE_SYS = `mount -t tmpfs sys /sys
cd /sys
mkdir -p dev/block class/block devices/virtual/block devices/pci0/nvme/nvme0/nvme0n1/queue devices/pci0/nvme/nvme1/nvme1n1/queue devices/pci0/ata1/host0/block/sda/queue
block=devices/virtual/block
mkdir -p $block/dm-0/slaves $block/dm-0/dm $block/md0/slaves $block/md0/md $block/loop0/loop $block/loop0/loop0p1 $block/loop0/queue $block/loop0/slaves
printf 'LVM-8kXkFhqjS0\\n' >$block/dm-0/dm/uuid
printf 'raid1\\n' >$block/md0/md/level
printf '/srv/images/etcd.img\\n' >$block/loop0/loop/backing_file
: >$block/loop0/loop0p1/partition
for disk in devices/pci0/nvme/nvme0/nvme0n1 devices/pci0/nvme/nvme1/nvme1n1; do
  name=\${disk##*/}
  mkdir -p $disk/\${name}p1 $disk/device; : >$disk/\${name}p1/partition
  printf '0\\n' >$disk/queue/rotational; printf 'Fast Disk   \\n' >$disk/device/model
  ln -s ../../../../../$disk/\${name}p1 $block/md0/slaves/\${name}p1
done
sda=devices/pci0/ata1/host0/block/sda
mkdir -p $sda/sda1 $sda/device; : >$sda/sda1/partition
printf '1\\n' >$sda/queue/rotational; printf 'Slow Disk\\n' >$sda/device/model
ln -s ../../md0 $block/dm-0/slaves/md0
ln -s ../../loop0/loop0p1 $block/dm-0/slaves/loop0p1
ln -s ../../$block/dm-0 class/block/dm-0
ln -s ../../$sda/sda1 class/block/sda1
mkdir -p /dev/mapper /srv/images /var/lib/etcd
: >/dev/dm-0
ln -s ../dm-0 /dev/mapper/vg-etcd
mount -t tmpfs /dev/sda1 /srv/images
mount -t tmpfs /dev/mapper/vg-etcd /var/lib/etcd`

test.each(SHELLS)('walks through LVM, RAID, partitions and loop files down to the disks (%s)', async (shell) => {
  await using host = await TestHost.start(shell)
  await host.sh(FAKE_SYS)
  const ask = probe(blockDevice, '/var/lib/etcd/member')
  const seen = (await host.look([ask])).get(ask)
  expect(seen).toMatchObject({ folder: '/var/lib/etcd', mountPoint: '/var/lib/etcd', source: '/dev/mapper/vg-etcd' })
  expect(seen?.layers.toSorted()).toEqual(['dm-0 (LVM)', 'loop0 (file /srv/images/etcd.img)', 'md0 (raid1)'])
  expect(seen?.disks.toSorted((a, b) => a.name.localeCompare(b.name))).toEqual([
    { name: 'nvme0n1', transport: 'nvme', rotational: false, model: 'Fast Disk' },
    { name: 'nvme1n1', transport: 'nvme', rotational: false, model: 'Fast Disk' },
    { name: 'sda', transport: 'other', rotational: true, model: 'Slow Disk' },
  ])
})

test('a loop that lies on itself ends', async () => {
  await using host = await TestHost.start()
  await host.sh(`${FAKE_SYS}
printf '/var/lib/etcd/itself.img\\n' >/sys/devices/virtual/block/loop0/loop/backing_file`)
  const ask = probe(blockDevice, '/var/lib/etcd')
  expect((await host.look([ask])).get(ask)?.disks.map(({ name }) => name)).toEqual(['nvme0n1', 'nvme1n1'])
})

test.each(SHELLS)(
  'follows a link to another file system, and the later of two mounts at one place (%s)',
  async (shell) => {
    await using host = await TestHost.start(shell)
    await host.sh(`mkdir -p /srv/a
mount -t tmpfs first /srv/a; mount -t tmpfs second /srv/a; mkdir /srv/a/etcd
rm -rf /var/lib/etcd; ln -s /srv/a/etcd /var/lib/etcd`)
    const ask = probe(blockDevice, '/var/lib/etcd')
    expect((await host.look([ask])).get(ask)).toMatchObject({
      mountPoint: '/srv/a',
      source: 'second',
      folder: '/srv/a/etcd',
      disks: [],
    })
  },
)
