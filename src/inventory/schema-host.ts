import { z } from 'zod'
import { address, dnsLabel, flag, hostPath, ipAddress, labelKey, labelValue, line, whole } from './scalars.ts'
import { kernel, kubelet } from './schema-kernel.ts'
import { machine } from './schema-lab.ts'
import { point } from './schema-point.ts'
import { become, ssh } from './schema-ssh.ts'

/**
 * What may stand at the top, in a group and in a host; the nearest one wins, key by key. Every key is optional here, so
 * that each place writes only what it changes.
 */

export const verify = z
  .strictObject({
    etcdFsyncP99Ms: z
      .number({ error: 'milliseconds' })
      .min(0.1, { error: 'at least 0.1 milliseconds' })
      .max(10_000, { error: 'at most 10000 milliseconds' })
      .default(10)
      .describe(
        'Slowest 1 % of fsync calls in the etcd directory, in milliseconds. etcd loses its leader on slower disks.',
      ),
    cpuStealPercent: z
      .number({ error: 'a percentage' })
      .min(0, { error: 'a percentage from 0 to 100' })
      .max(100, { error: 'a percentage from 0 to 100' })
      .default(5)
      .describe('Processor time the hypervisor may give to others.'),
    cpuStealSampleSeconds: whole('seconds', 1, 300).default(3).describe('How long steal is watched.'),
    cpuCount: whole('a number', 1, 4096).exactOptional().describe('Processors (default 2 on a control plane, else 1).'),
    memoryMiB: whole('MiB', 256, 16_777_216)
      .exactOptional()
      .describe('Memory (default 1700 on a control plane, else 1024).'),
    diskGiB: z
      .record(hostPath, z.number({ error: 'a number of GiB' }).min(0, { error: 'a number of GiB' }))
      .default({ '/var/lib': 10 })
      .describe(
        'Free GiB wanted on the file system that holds each folder. What is written here replaces this default; what every node needs (1 in /, 5 in /var/lib/containerd, 1 in /var/lib/kubelet, 4 in the etcd directory) is wanted as well, unless the same folder has another figure here, or 0.',
      ),
    clockSkewMs: whole('milliseconds', 10, 3_600_000)
      .default(1000)
      .describe('How far the clock may be from that of this machine.'),
    points: z
      .array(point)
      .max(16, { error: 'at most 16 of them' })
      .default([])
      .describe(
        'Places this machine shall be near to: host:port (443 when left out), or {to, limitMs}. How long a TCP connection takes to begin is shown with the round trips between hosts; over its limit the machine is not changed.',
      ),
    nestedVirtualisation: flag
      .default(false)
      .describe('The machine is to run virtual machines: /dev/kvm is then required, otherwise only advised.'),
  })
  .describe('Thresholds a machine is measured against before anything on it is changed.')

export const accept = z
  .record(
    z
      .string()
      .regex(/^[a-z0-9][-a-z0-9/.:]{0,127}$/, { error: 'the id of a requirement, as provision check prints it' }),
    line('the reason why this is accepted', 500).min(8, { error: 'the reason why this is accepted, in words' }),
  )
  .describe('Requirements that may stay unmet: id and reason. They are reported as accepted, never hidden.')

export const labels = z.record(labelKey, labelValue).describe('Kubernetes labels of the node.')

const taintPattern = /^([^\s=:]+)(?:=([^\s=:]*))?:(NoSchedule|PreferNoSchedule|NoExecute)$/

export const taints = z
  .array(
    z
      .string({ error: 'key=value:NoSchedule (or PreferNoSchedule, NoExecute)' })
      .regex(taintPattern, { error: 'key=value:NoSchedule (or PreferNoSchedule, NoExecute)' })
      .transform((text) => {
        const [, key = '', value, effect] = taintPattern.exec(text) ?? []
        return {
          key,
          ...(value === undefined ? {} : { value }),
          effect: effect as 'NoSchedule' | 'PreferNoSchedule' | 'NoExecute',
        }
      })
      .refine((taint) => labelKey.safeParse(taint.key).success && labelValue.safeParse(taint.value ?? '').success, {
        error: 'key=value:Effect, where key and value are spelt as in a label',
      }),
  )
  .describe(
    'Kubernetes taints of the node, as kubectl writes them: key=value:NoSchedule. A list replaces the list of a wider place.',
  )

export const vars = z
  .record(
    z.string().regex(/^[A-Za-z_][A-Za-z0-9_]*$/, { error: 'the name of a variable: letters, digits and _' }),
    z.json(),
  )
  .describe('Values for playbooks of your own. A secret is written {secret: {env: NAME}}.')

/** Everything a wider place may set for the hosts in it. */
export const settings = {
  ssh: ssh.exactOptional(),
  become: become.exactOptional(),
  kernel: kernel.exactOptional(),
  kubelet: kubelet.exactOptional(),
  labels: labels.exactOptional(),
  taints: taints.exactOptional(),
  verify: verify.exactOptional(),
  accept: accept.exactOptional(),
  vars: vars.exactOptional(),
  lab: machine.exactOptional(),
}

export const roles = ['control-plane', 'worker'] as const

export const host = z
  .strictObject({
    address: address
      .exactOptional()
      .describe(
        'Where ssh goes: IP address or DNS name. Without it the name is looked up in ~/.ssh/config, then in DNS.',
      ),
    nodeAddress: ipAddress
      .exactOptional()
      .describe(
        'IP address other nodes reach this one by, where that is not `address` (a private network). Otherwise that of the default route.',
      ),
    roles: z
      .array(z.enum(roles))
      .min(1, { error: 'at least one of control-plane and worker' })
      .describe(
        'control-plane runs etcd and the API; worker runs pods. Both together: a control plane that takes pods.',
      ),
    groups: z.array(dnsLabel).exactOptional().describe('Groups this host belongs to.'),
    ...settings,
  })
  .describe('One machine. Its name becomes the name of the node.')

export const group = z
  .strictObject({
    hosts: z.array(dnsLabel).exactOptional().describe('Members; the same can be written as `groups` of the host.'),
    ...settings,
  })
  .describe('Settings that several hosts share. They win over the top of the file; a host wins over its groups.')

/** What the layers of one host add up to. */
export const resolvedSettings = z.strictObject({
  ssh: ssh.prefault({}),
  become: become.prefault({}),
  kernel: kernel.prefault({}),
  kubelet: kubelet.prefault({}),
  labels: labels.prefault({}),
  taints: taints.prefault([]),
  verify: verify.prefault({}),
  accept: accept.prefault({}),
  vars: vars.prefault({}),
  lab: machine.exactOptional(),
})
