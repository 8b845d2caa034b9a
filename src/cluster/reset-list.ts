import type { Key } from '../core/resource.ts'

/** What `up` put on a host, as `reset` takes it away again. */
export interface ResetList {
  /** Services it put to work, those of packages too: without their settings they are of no use. */
  readonly units: readonly string[]
  /** Those of them whose unit file is ours. */
  readonly ownUnits: readonly string[]
  /** Files that are ours as a whole. */
  readonly files: readonly string[]
  /** Keys of kinds nobody has decided about yet: a test keeps this empty. */
  readonly unknown: readonly Key[]
}

/** Files by their key, and settings that have a file of their own. */
const FILES = ['file', 'modules', 'sysctls']
/** Files by the paths they write. */
const BY_PATH = ['limits', 'fsync-record']
/** Part of every machine: it only gets the settings of the host back. */
const OF_THE_SYSTEM = /^systemd-/

/**
 * What stays as it is: the state of the machine before `up` is not known, or it is no file. Swap stays off and packages stay;
 * modules stay loaded and kernel parameters keep their values until the machine restarts.
 */
const LEFT = [
  'requirement',
  'condition',
  'swap',
  'packages',
  'user',
  'lines',
  'authorized-keys',
  'command',
  'directory',
]

/** What goes with the folders of Kubernetes and containerd. */
const INSIDE = [
  'kubeadm',
  'join',
  'cluster',
  'manifests',
  'removed',
  'room',
  'kube-node',
  'kube-proxy',
  'kubelet',
  'image',
  'archive',
  'link-mtu',
]

const UNITS = '/etc/systemd/system/'

/** Derived from the play itself, so that nothing it makes can be forgotten. `trees` are removed as a whole. */
export function resetList(
  resources: readonly { readonly key: Key; readonly paths: readonly string[] }[],
  trees: readonly string[],
): ResetList {
  const kindOf = (key: Key) => key.slice(0, key.indexOf(':'))
  const inTree = (path: string) => trees.some((tree) => path === tree || path.startsWith(`${tree}/`))
  const files = resources
    .flatMap(({ key, paths }) => {
      if (BY_PATH.includes(kindOf(key))) return paths
      return FILES.includes(kindOf(key)) ? [nameIn(key)] : []
    })
    .filter((path) => !inTree(path))
  const known = new Set([...FILES, ...BY_PATH, ...LEFT, ...INSIDE, 'unit'])
  const units = resources.filter(({ key }) => kindOf(key) === 'unit').map(({ key }) => nameIn(key))
  return {
    units: units.filter((name) => !OF_THE_SYSTEM.test(name)),
    ownUnits: units.filter((name) => files.includes(UNITS + name)),
    files,
    unknown: resources.map(({ key }) => key).filter((key) => !known.has(kindOf(key))),
  }
}

function nameIn(key: Key): string {
  return key.slice(key.indexOf(':') + 1)
}
