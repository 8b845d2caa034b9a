import semver from 'semver'
import type { Path } from './tree.ts'

/** What people who come from other tools write, and where it goes here. */
const foreign: Readonly<Record<string, string>> = {
  ansible_host: 'address',
  ansible_user: 'ssh.user',
  ansible_ssh_user: 'ssh.user',
  ansible_port: 'ssh.port',
  ansible_ssh_private_key_file: 'ssh.identityFile',
  ansible_password: 'ssh.password',
  ansible_ssh_pass: 'ssh.password',
  ansible_become_password: 'become.password',
  ansible_become_pass: 'become.password',
  ansible_ssh_common_args: 'ssh.proxyJump or ~/.ssh/config',
  ip: 'address',
  privateAddress: 'nodeAddress',
  internalIP: 'nodeAddress',
  keyPath: 'ssh.identityFile',
  privateKey: 'ssh.identityFile',
  bastion: 'ssh.proxyJump',
  role: 'roles, a list: [worker]',
  sudo: 'become',
  podCIDR: 'kubernetes.podSubnet',
  podNetworkCidr: 'kubernetes.podSubnet',
  serviceCIDR: 'kubernetes.serviceSubnet',
  apiServerCertSANs: 'kubernetes.certSANs',
  plugin: 'network.cni',
  cluster_name: 'name',
  clusterName: 'name',
}

const advice: Readonly<Record<string, string>> = {
  all: 'this looks like an Ansible inventory; here hosts: stands at the top of the file',
  ansible_python_interpreter: 'delete it: hosts need no Python',
  children: 'groups do not nest: name the hosts in each group',
  hostname: 'the name of a host is its key below hosts:',
  version: 'the version of Kubernetes is kubernetes.version',
  containerd: 'delete it: each version of Kubernetes brings the containerd it was tested with',
  runc: 'delete it: each version of Kubernetes brings the runc it was tested with',
}

/** What to do about a key of another tool. */
export function foreignKey(key: string): string | undefined {
  if (Object.hasOwn(advice, key)) return advice[key]
  return Object.hasOwn(foreign, key) ? `here that is ${foreign[key]}` : undefined
}

export interface Hint {
  readonly what?: string
  readonly fix?: string
}

const otherNetworks = ['kube-router', 'weave', 'antrea', 'ovn-kubernetes', 'kube-ovn']

const NGINX: Hint = {
  what: 'ingress.controller is nginx, and ingress-nginx was retired upstream in March 2026: no releases and no security fixes since',
  fix: 'write controller: traefik, which carries the same Ingresses, but none of its annotations',
}

/** Something better than the general sentence, for values people often write. */
export function valueHint(path: Path, value: unknown, typed: string): Hint | undefined {
  const key = String(path.at(-1))
  if (path.join('.') === 'ingress.controller' && String(value).toLowerCase().includes('nginx')) return NGINX
  if (path.join('.') === 'network.cni' && otherNetworks.includes(String(value).toLowerCase())) {
    return {
      what: `network.cni is "${value}", which provision does not set up; it knows flannel, calico, canal and cilium`,
      fix: 'write cni: calico where policies are wanted, cni: flannel where not',
    }
  }
  if (['address', 'nodeAddress'].includes(key)) return addressHint(String(value), typed)
  if (path.join('.') === 'kubernetes.version') return versionHint(key, value, typed)
  if (key === 'accept' && Array.isArray(value))
    return { fix: `write the reason behind each: accept: {${String(value[0] ?? 'ID')}: why it may be so}` }
  if (key === 'roles' && typeof value === 'string') return { fix: `a list: roles: [${value}]` }
  if (typeof value === 'string' && /^(yes|no|on|off)$/i.test(value)) {
    return { fix: `in YAML 1.2 ${value} is text: write ${/^(yes|on)$/i.test(value)}` }
  }
  return undefined
}

function addressHint(text: string, typed: string): Hint | undefined {
  if (/^[0-9]+(\.[0-9]+)?$/.test(typed)) return { fix: 'write all four numbers, like 10.0.0.11' }
  if (text.includes('@')) return { fix: 'the user goes into ssh.user, the address stays alone' }
  if (/^[^:]+:[0-9]+$/.test(text)) return { fix: 'the port goes into ssh.port, the address stays alone' }
  if (text.includes('%')) return { fix: 'link-local addresses lead nowhere from other machines: take one without %' }
  return undefined
}

function versionHint(key: string, value: unknown, typed: string): Hint | undefined {
  const text = typeof value === 'number' ? typed : typeof value === 'string' ? value : ''
  const release = semver.valid(semver.clean(text))
  if (release) return { fix: `write ${key}: "${release}"` }
  const parts = /^v?([0-9]+)(?:\.([0-9]+))?$/.exec(text)
  if (!parts) return undefined
  const read =
    typeof value === 'number' && typed !== String(value) ? `without quotes ${typed} is the number ${value}; ` : ''
  return { fix: `${read}write all three numbers in quotes, like ${key}: "${parts[1]}.${parts[2] ?? '0'}.0"` }
}
