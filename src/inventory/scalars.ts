import ipaddr from 'ipaddr.js'
import semver from 'semver'
import { z } from 'zod'

/**
 * The single values an inventory is made of. The text given as `error` always completes the sentence "must be …": the
 * reader of issues.ts puts path, value and position around it. Patterns are plain enough for editors (JSON Schema).
 */

/** One line of text: no NUL, no line break, no other control character. */
export const line = (what: string, max = 1024) =>
  z
    .string({ error: what })
    .min(1, { error: what })
    .max(max, { error: `${what}, of at most ${max} characters` })
    .regex(/^[^\u0000-\u001f\u007f-\u009f\u2028\u2029]*$/, {
      error: `${what}, on one line and without control characters`,
    })

const pattern = (regex: RegExp, what: string, max = 253) =>
  z.string({ error: what }).max(max, { error: what }).regex(regex, { error: what })

export const dnsLabel = pattern(
  /^[a-z0-9]([-a-z0-9]*[a-z0-9])?$/,
  'a DNS label: at most 63 lower-case letters, digits and hyphens, like node-1',
  63,
)

export const dnsName = pattern(
  /^[a-z0-9]([-a-z0-9]*[a-z0-9])?(\.[a-z0-9]([-a-z0-9]*[a-z0-9])?)*$/,
  'a DNS name in lower case, like cluster.local',
)

/** Where ssh goes, or what other nodes call: an IP address or a DNS name. */
export const address = pattern(
  /^[0-9A-Za-z]([-0-9A-Za-z.:]*[0-9A-Za-z])?$|^::[0-9A-Fa-f:.]*$/,
  'an IP address or a DNS name',
).refine((text) => !/^[0-9.]+$|:/.test(text) || isAddress(text), { error: 'an IP address or a DNS name' })

export const ipAddress = z.string({ error: 'an IP address' }).refine(isAddress, {
  error: 'an IP address, like 10.0.0.11',
})

export const subnet = z
  .string({ error: 'a subnet in CIDR form' })
  .regex(/^[0-9A-Fa-f.:]{2,45}\/[0-9]{1,3}$/, { error: 'a subnet in CIDR form, like 10.244.0.0/16' })
  .refine((text) => isSubnet(text), { error: 'a subnet in CIDR form, like 10.244.0.0/16' })
  .refine((text) => !isSubnet(text) || networkOf(text) === text, {
    error: (issue) => `the first address of its subnet: ${networkOf(String(issue.input))}`,
  })

/** Four numbers, or IPv6; not the short forms (10.1) and octal ones (010.0.0.1) that only some programs understand. */
function isAddress(text: string): boolean {
  return ipaddr.IPv4.isValidFourPartDecimal(text) || (ipaddr.IPv6.isValid(text) && !text.includes('%'))
}

function isSubnet(text: string): boolean {
  return ipaddr.isValidCIDR(text) && isAddress(text.slice(0, text.indexOf('/')))
}

/** `10.244.3.0/16` is `10.244.0.0/16`. */
export function networkOf(cidr: string): string {
  const [base, bits] = ipaddr.parseCIDR(cidr)
  const kind = base.kind() === 'ipv4' ? ipaddr.IPv4 : ipaddr.IPv6
  return `${kind.networkAddressFromCIDR(`${base.toString()}/${bits}`).toString()}/${bits}`
}

export const hostPort = pattern(
  /^([0-9A-Za-z]([-0-9A-Za-z.]*[0-9A-Za-z])?|\[[0-9A-Fa-f:.]+\]):[0-9]{1,5}$/,
  'host:port, like k8s-api.example.internal:6443',
).refine((text) => isPort(Number(text.slice(text.lastIndexOf(':') + 1))), {
  error: 'host:port with a port from 1 to 65535',
})

function isPort(value: number): boolean {
  return Number.isInteger(value) && value >= 1 && value <= 65_535
}

export const whole = (what: string, min: number, max: number) => {
  const error = `${what} from ${min} to ${max}`
  return z.int({ error }).min(min, { error }).max(max, { error })
}

export const port = whole('a port number', 1, 65_535)

export const flag = z.boolean({ error: 'true or false' })

/** A duration as Go and kubeadm write it. */
export const duration = pattern(/^([0-9]+(\.[0-9]+)?(ms|s|m|h))+$|^0$/, 'a duration like 30s, 4m or 1h30m', 32)

/** A release: three numbers, and what semver allows after them. */
export const version = z
  .string({ error: 'a full version in quotes, like "1.36.3"' })
  .regex(/^[0-9]{1,9}\.[0-9]{1,9}\.[0-9]{1,9}(-[0-9A-Za-z.-]{1,32})?$/, {
    error: 'a full version in quotes and without v, like "1.36.3"',
  })
  .refine((text) => semver.valid(text) === text, { error: 'a full version in quotes and without v, like "1.36.3"' })

/** `5G`, `512M`: binary units. Becomes MiB. */
export const sizeMiB = pattern(/^[1-9][0-9]{0,6}(M|G|T)(i?B)?$/, 'a size like 512M, 5G or 1T', 16).transform((text) => {
  const unit = { M: 1, G: 1024, T: 1024 * 1024 }[/[MGT]/.exec(text)?.[0] as 'M' | 'G' | 'T']
  return Number.parseInt(text, 10) * unit
})

/** An absolute path on a host, without `.` and `..`. */
export const hostPath = line('an absolute path on the host, like /var/lib/etcd').regex(
  /^\/(?!.*(^|\/)\.{1,2}(\/|$))(?!.*\/\/)/,
  {
    error: 'an absolute path on the host, like /var/lib/etcd, without . and ..',
  },
)

/** A path on the operator's machine: absolute, from `~/`, or from the inventory's folder. */
export const localPath = line('a path on this machine, like ~/.ssh/id_ed25519')

export const url = line('an address that begins with https:// or http://', 2048).regex(
  /^https?:\/\/[^\s@/?#]+([/?][^\s#]*)?$/,
  {
    error: 'an address that begins with https:// or http://, without user, password or #',
  },
)

export const fingerprint = pattern(
  /^SHA256:[A-Za-z0-9+/]{43}$/,
  'a fingerprint as ssh-keygen -lf prints it: SHA256: and 43 characters',
  50,
)

export const labelKey = pattern(
  /^([a-z0-9]([-a-z0-9.]*[a-z0-9])?\/)?[A-Za-z0-9]([-A-Za-z0-9_.]{0,61}[A-Za-z0-9])?$/,
  'a Kubernetes label key: an optional DNS name and /, then at most 63 letters, digits, - _ and .',
  317,
)

export const labelValue = pattern(
  /^([A-Za-z0-9]([-A-Za-z0-9_.]{0,61}[A-Za-z0-9])?)?$/,
  'a Kubernetes label value: at most 63 letters, digits, - _ and .',
  63,
)
