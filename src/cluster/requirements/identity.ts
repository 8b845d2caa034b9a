import { type Answers, probe } from '../../core/fact.ts'
import type { Finding } from '../../core/finding.ts'
import { resolution } from '../../facts/dns.ts'
import { type Identity, identity } from '../../facts/identity.ts'
import type { Judgement, Rule } from './rule.ts'

export const identityProbe = probe(identity, undefined)

export function identityRules(node: string): readonly Rule[] {
  return [hostname(node), machineId]
}

/** RFC 1123, as the kubelet wants it. */
const VALID = /^[a-z0-9]([-a-z0-9]*[a-z0-9])?(\.[a-z0-9]([-a-z0-9]*[a-z0-9])?)*$/

function hostname(node: string): Rule {
  const ask = probe(resolution, node)
  return {
    id: 'hostname',
    probes: [identityProbe, ask],
    judge: (answers) => judgeHostname(answers.get(identityProbe).hostname, node, answers.get(ask).state),
  }
}

function judgeHostname(name: string, node: string, state: 'resolved' | 'failed' | 'unknown'): Judgement {
  const threshold = 'lower-case letters, digits and hyphens, not localhost; the name of the node resolves on the host'
  const wrong =
    name === '' || name === '(none)' || name.split('.')[0] === 'localhost' || !VALID.test(name) || name.length > 63
  if (wrong)
    return {
      met: false,
      evidence: `host name ${JSON.stringify(name)}`,
      threshold,
      severity: 'required',
      fix: `run on the host: hostnamectl set-hostname ${node}`,
    }
  const resolves = {
    resolved: `${node} resolves`,
    failed: `${node} does not resolve there`,
    unknown: `no getent to ask whether ${node} resolves`,
  }
  return {
    met: state !== 'failed',
    evidence: `${name}, ${resolves[state]}`,
    threshold,
    severity: 'advised',
    fix: `add a line to /etc/hosts on the host: its address and ${node}`,
  }
}

const machineId: Rule = {
  id: 'machine-id',
  probes: [identityProbe],
  judge(answers) {
    const { machineId: id } = answers.get(identityProbe)
    return {
      met: /^[0-9a-f]{32}$/.test(id) && !/^0+$/.test(id),
      evidence: id === '' ? 'no /etc/machine-id' : id,
      threshold: '32 hexadecimal digits in /etc/machine-id',
      severity: 'required',
      fix: 'run on the host: systemd-machine-id-setup',
    }
  },
}

/** One value that several hosts share though each must have its own. */
export interface Duplicate {
  readonly what: 'host name' | 'machine id' | 'firmware id' | 'card address'
  readonly value: string
  /** Sorted. */
  readonly hosts: readonly string[]
}

/** Firmware that nobody gave an id prints one of these; it says nothing about two hosts being one. */
const NO_UUID = /^(0+|f+)$/

/** What hosts must not share and do. Pure: `hosts` maps a host's name to what was seen of it. */
export function duplicates(hosts: ReadonlyMap<string, Identity>): readonly Duplicate[] {
  const owners = new Map<string, { what: Duplicate['what']; value: string; hosts: Set<string> }>()
  const own = (what: Duplicate['what'], value: string, host: string) => {
    if (value === '') return
    const entry = owners.get(`${what} ${value}`) ?? { what, value, hosts: new Set<string>() }
    entry.hosts.add(host)
    owners.set(`${what} ${value}`, entry)
  }
  for (const [host, seen] of hosts) {
    own('host name', seen.hostname, host)
    own('machine id', seen.machineId, host)
    if (!NO_UUID.test(seen.productUuid.replaceAll('-', ''))) own('firmware id', seen.productUuid, host)
    for (const mac of seen.macs.values()) if (mac !== '00:00:00:00:00:00') own('card address', mac, host)
  }
  return [...owners.values()]
    .filter((entry) => entry.hosts.size > 1)
    .map(({ what, value, hosts: names }) => ({ what, value, hosts: [...names].sort() }))
}

/** The identities seen in the looks of several hosts; hosts that could not be looked at are left out. */
export function identities(answers: ReadonlyMap<string, Answers>): ReadonlyMap<string, Identity> {
  return new Map([...answers].map(([host, seen]) => [host, seen.get(identityProbe)]))
}

/** What the duplicates mean for one of the hosts, as a finding: the requirement `unique-identity`. */
export function identityFinding(
  host: string,
  found: readonly Duplicate[],
  accept: Readonly<Record<string, string>>,
): Finding {
  const own = found.filter(({ hosts }) => hosts.includes(host))
  const shared = own.map(
    ({ what, value, hosts }) => `${what} ${value} shared with ${hosts.filter((name) => name !== host).join(', ')}`,
  )
  const finding: Finding = {
    id: 'unique-identity',
    met: own.length === 0,
    evidence: shared.join('; ') || 'nothing shared with another host',
    threshold: 'host name, machine id, firmware id and card addresses of its own',
    severity: 'required',
    fix: [...new Set(own.map(({ what }) => FIXES[what]))].join('; '),
  }
  const accepted = accept[finding.id]
  return finding.met || accepted === undefined ? finding : { ...finding, accepted }
}

const FIXES: Readonly<Record<Duplicate['what'], string>> = {
  'host name': 'give it a name of its own: hostnamectl set-hostname NAME',
  'machine id': 'make a new one: rm /etc/machine-id /var/lib/dbus/machine-id; systemd-machine-id-setup; restart',
  'firmware id': 'let the hypervisor give the clone a UUID of its own (libvirt: virt-clone; QEMU: -uuid)',
  'card address': 'let the hypervisor give the clone a MAC address of its own',
}
