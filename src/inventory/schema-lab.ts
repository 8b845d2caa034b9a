import { z } from 'zod'
import { dnsLabel, sizeMiB, whole } from './scalars.ts'

/** `20ms`, `1.5ms`, `300us`, `1s`: becomes milliseconds. */
const pause = (what: string) => {
  const error = `${what} from 0 to 2s, like 20ms`
  return z
    .string({ error })
    .regex(/^[0-9]{1,6}(\.[0-9]{1,3})?(us|ms|s)$/, { error })
    .transform(
      (text) => Number.parseFloat(text) * ({ us: 0.001, ms: 1, s: 1000 }[/[a-z]+$/.exec(text)?.[0] ?? ''] ?? 1),
    )
    .refine((ms) => ms <= 2000, { error })
}

/** `10mbit`, as tc writes it: becomes kbit/s. */
const rate = z
  .string({ error: 'a rate like 512kbit, 10mbit or 1gbit' })
  .regex(/^[1-9][0-9]{0,5}(kbit|mbit|gbit)$/, { error: 'a rate like 512kbit, 10mbit or 1gbit' })
  .transform((text) => Number.parseInt(text, 10) * (text.endsWith('kbit') ? 1 : text.endsWith('mbit') ? 1000 : 1e6))

const mtu = (what: string) => whole(what, 576, 65_521)

const percent = (max: number) => {
  const error = `a percentage from 0 to ${max}`
  return z.number({ error }).min(0, { error }).max(max, { error })
}

const wireKeys = {
  delay: pause('a time').exactOptional().describe('Added to each packet on its way, like 20ms.'),
  jitter: pause('a time')
    .exactOptional()
    .describe('How far the delay of one packet may be from that; packets may overtake.'),
  rate: rate.exactOptional().describe('What goes through in a second, like 10mbit.'),
  mtu: mtu('bytes')
    .exactOptional()
    .describe('Bigger packets vanish without a word, as behind a tunnel nobody told you about.'),
}

/** Units go into the names. */
function inUnits<T extends { delay?: number; jitter?: number; rate?: number; loss?: number }>(wire: T) {
  const { delay, jitter, rate, loss, ...rest } = wire
  return {
    ...rest,
    ...(delay === undefined ? {} : { delayMs: delay }),
    ...(jitter === undefined ? {} : { jitterMs: jitter }),
    ...(rate === undefined ? {} : { rateKbit: rate }),
    ...(loss === undefined ? {} : { lossPercent: loss }),
  }
}

const wan = z
  .strictObject({
    ...wireKeys,
    // More would keep us from logging in to change it back.
    loss: percent(50).exactOptional().describe('Percent of packets that get lost.'),
  })
  .transform(inUnits)
  .describe('What happens to all a machine sends. A round trip is what both ends add; mtu holds in both directions.')

const link = z
  .strictObject({
    ...wireKeys,
    loss: percent(100).exactOptional().describe('Percent of packets that get lost.'),
    blocked: z
      .array(
        z
          .string({ error: 'tcp/PORT or udp/PORT, like tcp/6443' })
          .regex(
            /^(tcp|udp)\/([1-9][0-9]{0,3}|[1-5][0-9]{4}|6[0-4][0-9]{3}|65[0-4][0-9]{2}|655[0-2][0-9]|6553[0-5])$/,
            {
              error: 'tcp/PORT or udp/PORT, like tcp/6443',
            },
          ),
      )
      .exactOptional()
      .describe('Ports of that machine this one does not reach: what is sent there is dropped, as by a firewall.'),
  })
  .transform(inUnits)
  .describe('What happens to all this machine sends to that one; what is not said here is as in wan.')

export const machine = z
  .strictObject({
    driver: z
      .enum(['auto', 'uml', 'qemu', 'container'])
      .default('auto')
      .describe(
        'uml: user-mode Linux, fast, no KVM needed. qemu: stock kernel, NVMe, reboots. container: host preparation only. auto picks and says why.',
      ),
    memory: sizeMiB.prefault('5G').describe('Memory of the machine.'),
    disk: sizeMiB.prefault('20G').describe('Size of its disk; only what is written takes space here.'),
    extraDisks: z
      .array(sizeMiB)
      .max(8, { error: 'at most 8 disks' })
      .exactOptional()
      .describe('Empty NVMe disks beside the first; qemu only, which has one of 10G without this.'),
    cpus: whole('a number', 1, 64).exactOptional().describe('Processors (uml always has one; qemu: default 2).'),
    lan: z
      .strictObject({
        mtu: mtu('bytes').default(1500).describe('MTU of its network card, and of the port it is plugged in.'),
      })
      .prefault({})
      .describe("The network all machines of the lab are on. Can be changed while they run: 'provision lab up' again."),
    wan: wan.exactOptional(),
    links: z
      .record(dnsLabel, link)
      .exactOptional()
      .describe(
        'By the name of another lab machine: what happens on the way there. One direction; name both for both.',
      ),
  })
  .transform(({ memory, disk, extraDisks, ...rest }) => ({
    ...rest,
    memoryMiB: memory,
    diskMiB: disk,
    ...(extraDisks === undefined ? {} : { extraDisksMiB: extraDisks }),
  }))
  .describe('Where this key stands, machines are made and thrown away by `provision lab` on this machine.')
