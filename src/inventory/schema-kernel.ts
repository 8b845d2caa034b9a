import { z } from 'zod'
import { duration, line, whole } from './scalars.ts'

const sysctlKey = z
  .string()
  .regex(/^[a-z0-9_]+([./][-A-Za-z0-9_*]+)+$/, { error: 'the name of a kernel setting, like net.core.somaxconn' })

const portRange = z
  .string({ error: 'two port numbers, like "10240 65535"' })
  .regex(/^[0-9]{1,5}[ \t]+[0-9]{1,5}$/, { error: 'two port numbers, like "10240 65535"' })
  .transform((text) => text.replace(/[ \t]+/, ' '))
  .refine((text) => isRange(text), {
    error: 'two port numbers from 1024 to 65535, the lower one first, like "10240 65535"',
  })

function isRange(text: string): boolean {
  const [first = 0, last = 0] = text.split(' ').map(Number)
  return first >= 1024 && last <= 65_535 && last - first >= 1000
}

export const kernel = z
  .strictObject({
    sysctl: z
      .record(
        sysctlKey,
        z.union([line('a number or one line of text'), z.int()], { error: 'a whole number or one line of text' }),
      )
      .default({})
      .describe('Kernel settings beside those provision makes itself; the same name here wins.'),
    modules: z
      .array(
        z
          .string({ error: 'the name of a kernel module' })
          .regex(/^[A-Za-z0-9_-]{1,64}$/, { error: 'the name of a kernel module, like br_netfilter' }),
      )
      .default([])
      .describe('Kernel modules beside those the cluster needs: loaded now and at boot.'),
    openFiles: whole('a number', 1024, 1_073_741_816)
      .default(1_048_576)
      .describe('Open-file limit of services and logins.'),
    swap: z
      .enum(['off', 'keep'])
      .default('off')
      .describe(
        'off: swap is turned off now and after a reboot. keep: left alone, and the kubelet is told to live with it.',
      ),
    localPortRange: portRange
      .default('10240 65535')
      .describe(
        'net.ipv4.ip_local_port_range. Ports that Kubernetes listens on are reserved whenever the range covers them.',
      ),
  })
  .describe('Kernel settings of the machine.')

const quantity = z
  .string({ error: 'a Kubernetes quantity in quotes, like "500m" or "1Gi"' })
  .regex(/^[0-9]+(\.[0-9]+)?(m|k|M|G|T|Ki|Mi|Gi|Ti)?$/, {
    error: 'a Kubernetes quantity in quotes, like "500m" or "1Gi"',
  })

const reserved = z
  .strictObject({
    cpu: quantity.exactOptional().describe('Processor time, like "500m" (half a processor).'),
    memory: quantity.exactOptional().describe('Memory, like "512Mi".'),
    'ephemeral-storage': quantity.exactOptional().describe('Disk, like "1Gi".'),
  })
  .exactOptional()

export const kubelet = z
  .strictObject({
    maxPods: whole('a number', 1, 250)
      .default(110)
      .describe('Pods one node may run; its share of podSubnet has 254 addresses.'),
    swapBehavior: z
      .enum(['NoSwap', 'LimitedSwap'])
      .exactOptional()
      .describe('Whether pods may use swap that kernel.swap: keep left on (default NoSwap).'),
    systemReserved: reserved.describe('Kept back for the operating system.'),
    kubeReserved: reserved.describe('Kept back for the kubelet and containerd.'),
    shutdownGracePeriod: duration.exactOptional().describe('Time pods get to end when the machine shuts down.'),
  })
  .describe('Settings of the kubelet.')
