import { z } from 'zod'
import { address, dnsLabel, duration, fingerprint, hostPath, ipAddress, labelKey, labelValue, line, localPath, port, sizeMiB, whole } from './scalars.ts'
import { secretReference } from './secret.ts'

/**
 * What may stand at the top, in a group and in a host; the nearest one wins, key by key. Every key is optional here, so
 * that each place writes only what it changes.
 */

const jump = line('[user@]host[:port] or the name of an ssh alias', 512).regex(/^([^\s@,]+@)?[^\s@,/]+$/, {
  error: '[user@]host[:port] or the name of an ssh alias; several hops are a list',
})

export const ssh = z
  .strictObject({
    user: line('a user name', 64)
      .regex(/^[^\s@:/]+$/, { error: 'a user name' })
      .exactOptional()
      .describe('Who logs in. Otherwise ~/.ssh/config, then your own user name.'),
    port: port.exactOptional().describe('Otherwise ~/.ssh/config, then 22.'),
    identityFile: localPath.exactOptional().describe('Private key to log in with. Otherwise the agent and what ~/.ssh/config says.'),
    passphrase: secretReference.exactOptional().describe('Opens an encrypted identityFile.'),
    password: secretReference.exactOptional().describe('Log in by password. Keys are tried first.'),
    proxyJump: z
      .union([z.array(jump).min(1).max(8), jump], { error: '[user@]host[:port], a list of those, or none' })
      .exactOptional()
      .describe('Hosts to go through, nearest first; the key of every one is verified. `none` goes straight.'),
    proxyCommand: line('a command line, or none', 4096)
      .exactOptional()
      .describe('Command on this machine whose input and output are the connection; %h and %p are filled in.'),
    hostKeys: z
      .array(fingerprint)
      .min(1)
      .exactOptional()
      .describe('Only a host with one of these keys is trusted, whatever known_hosts says.'),
    knownHostsFile: localPath.exactOptional().describe('Otherwise ~/.ssh/known_hosts and /etc/ssh/ssh_known_hosts.'),
    hostKeyChecking: z
      .enum(['strict', 'ask', 'accept-new'])
      .exactOptional()
      .describe('An unknown host key: refuse it, ask on a terminal (the default), or record it. A changed key is always refused.'),
    keepAliveSeconds: whole('seconds', 1, 3600).exactOptional().describe('Silence after which the host is asked for a sign of life (default 15).'),
    keepAliveCount: whole('a number', 1, 100).exactOptional().describe('Unanswered questions after which the link counts as lost (default 3).'),
    connectTimeoutSeconds: whole('seconds', 1, 600).exactOptional().describe('How long connecting and logging in may take (default 20).'),
  })
  .describe('How to reach the machine. Hosts named in ~/.ssh/config bring their settings from there; what is written here wins.')

export const become = z
  .strictObject({
    method: z
      .enum(['auto', 'sudo', 'none'])
      .default('auto')
      .describe('How commands become root. auto: nothing when logged in as root, sudo otherwise.'),
    password: secretReference.exactOptional().describe('Password for sudo, where it asks for one.'),
  })
  .describe('How to become root after logging in.')

const sysctlKey = z.string().regex(/^[a-z0-9_]+([./][-A-Za-z0-9_*]+)+$/, { error: 'the name of a kernel setting, like net.core.somaxconn' })

const portRange = z
  .string({ error: 'two port numbers, like "10240 65535"' })
  .regex(/^[0-9]{1,5}[ \t]+[0-9]{1,5}$/, { error: 'two port numbers, like "10240 65535"' })
  .transform((text) => text.replace(/[ \t]+/, ' '))
  .refine((text) => isRange(text), { error: 'two port numbers from 1024 to 65535, the lower one first, like "10240 65535"' })

function isRange(text: string): boolean {
  const [first = 0, last = 0] = text.split(' ').map(Number)
  return first >= 1024 && last <= 65_535 && last - first >= 1000
}

export const kernel = z
  .strictObject({
    sysctl: z
      .record(sysctlKey, z.union([line('a number or one line of text'), z.int()], { error: 'a whole number or one line of text' }))
      .default({})
      .describe('Kernel settings beside those provision makes itself; the same name here wins.'),
    modules: z
      .array(z.string({ error: 'the name of a kernel module' }).regex(/^[A-Za-z0-9_-]{1,64}$/, { error: 'the name of a kernel module, like br_netfilter' }))
      .default([])
      .describe('Kernel modules beside those the cluster needs: loaded now and at boot.'),
    openFiles: whole('a number', 1024, 1_073_741_816).default(1_048_576).describe('Open-file limit of services and logins.'),
    swap: z
      .enum(['off', 'keep'])
      .default('off')
      .describe('off: swap is turned off now and after a reboot. keep: left alone, and the kubelet is told to live with it.'),
    localPortRange: portRange
      .default('10240 65535')
      .describe('net.ipv4.ip_local_port_range. Ports that Kubernetes listens on are reserved whenever the range covers them.'),
  })
  .describe('Kernel settings of the machine.')

const quantity = z
  .string({ error: 'a Kubernetes quantity in quotes, like "500m" or "1Gi"' })
  .regex(/^[0-9]+(\.[0-9]+)?(m|k|M|G|T|Ki|Mi|Gi|Ti)?$/, { error: 'a Kubernetes quantity in quotes, like "500m" or "1Gi"' })

const reserved = z
  .strictObject({
    cpu: quantity.exactOptional().describe('Processor time, like "500m" (half a processor).'),
    memory: quantity.exactOptional().describe('Memory, like "512Mi".'),
    'ephemeral-storage': quantity.exactOptional().describe('Disk, like "1Gi".'),
  })
  .exactOptional()

export const kubelet = z
  .strictObject({
    maxPods: whole('a number', 1, 250).default(110).describe('Pods one node may run; its share of podSubnet has 254 addresses.'),
    swapBehavior: z
      .enum(['NoSwap', 'LimitedSwap'])
      .exactOptional()
      .describe('Whether pods may use swap that kernel.swap: keep left on (default NoSwap).'),
    systemReserved: reserved.describe('Kept back for the operating system.'),
    kubeReserved: reserved.describe('Kept back for the kubelet and containerd.'),
    shutdownGracePeriod: duration.exactOptional().describe('Time pods get to end when the machine shuts down.'),
  })
  .describe('Settings of the kubelet.')

export const verify = z
  .strictObject({
    etcdFsyncP99Ms: z
      .number({ error: 'milliseconds' })
      .min(0.1, { error: 'at least 0.1 milliseconds' })
      .max(10_000, { error: 'at most 10000 milliseconds' })
      .default(10)
      .describe('Slowest 1 % of fsync calls in the etcd directory, in milliseconds. etcd loses its leader on slower disks.'),
    cpuStealPercent: z
      .number({ error: 'a percentage' })
      .min(0, { error: 'a percentage from 0 to 100' })
      .max(100, { error: 'a percentage from 0 to 100' })
      .default(5)
      .describe('Processor time the hypervisor may give to others.'),
    cpuStealSampleSeconds: whole('seconds', 1, 300).default(3).describe('How long steal is watched.'),
    cpuCount: whole('a number', 1, 4096).exactOptional().describe('Processors (default 2 on a control plane, else 1).'),
    memoryMiB: whole('MiB', 256, 16_777_216).exactOptional().describe('Memory (default 1700 on a control plane, else 1024).'),
    diskGiB: z
      .record(hostPath, z.number({ error: 'a number of GiB' }).min(0, { error: 'a number of GiB' }))
      .default({ '/var/lib': 10 })
      .describe('Free space wanted on the file system that holds each folder. What is written here replaces the default list.'),
    clockSkewMs: whole('milliseconds', 10, 3_600_000).default(1000).describe('How far the clock may be from that of this machine.'),
  })
  .describe('Thresholds a machine is measured against before anything on it is changed.')

export const accept = z
  .record(
    z.string().regex(/^[a-z0-9][-a-z0-9/.:]{0,127}$/, { error: 'the id of a requirement, as provision check prints it' }),
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
        return { key, ...(value === undefined ? {} : { value }), effect: effect as 'NoSchedule' | 'PreferNoSchedule' | 'NoExecute' }
      })
      .refine((taint) => labelKey.safeParse(taint.key).success && labelValue.safeParse(taint.value ?? '').success, {
        error: 'key=value:Effect, where key and value are spelt as in a label',
      }),
  )
  .describe('Kubernetes taints of the node, as kubectl writes them: key=value:NoSchedule. A list replaces the list of a wider place.')

export const vars = z
  .record(z.string().regex(/^[A-Za-z_][A-Za-z0-9_]*$/, { error: 'the name of a variable: letters, digits and _' }), z.json())
  .describe('Values for playbooks of your own. A secret is written {secret: {env: NAME}}.')

export const machine = z
  .strictObject({
    driver: z
      .enum(['auto', 'uml', 'qemu', 'container'])
      .default('auto')
      .describe('uml: user-mode Linux, fast, no KVM needed. qemu: stock kernel, NVMe, reboots. container: host preparation only. auto picks and says why.'),
    memory: sizeMiB.prefault('5G').describe('Memory of the machine.'),
    disk: sizeMiB.prefault('20G').describe('Size of its disk; only what is written takes space here.'),
    cpus: whole('a number', 1, 64).exactOptional().describe('Processors (uml always has one; qemu: default 2).'),
  })
  .transform(({ memory, disk, ...rest }) => ({ ...rest, memoryMiB: memory, diskMiB: disk }))
  .describe('Where this key stands, machines are made and thrown away by `provision lab` on this machine.')

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
    address: address.exactOptional().describe('Where ssh goes: IP address or DNS name. Without it the name is looked up in ~/.ssh/config, then in DNS.'),
    nodeAddress: ipAddress
      .exactOptional()
      .describe('IP address other nodes reach this one by, where that is not `address` (a private network). Otherwise that of the default route.'),
    roles: z
      .array(z.enum(roles))
      .min(1, { error: 'at least one of control-plane and worker' })
      .describe('control-plane runs etcd and the API; worker runs pods. Both together: a control plane that takes pods.'),
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
