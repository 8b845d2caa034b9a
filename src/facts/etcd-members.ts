import { type Fact, probe } from '../core/fact.ts'

export interface EtcdMember {
  /** Hexadecimal, as etcdctl wants it. */
  readonly id: string
  /** The node's name; empty until the member has started. */
  readonly name: string
  /** It answers, as seen from here. */
  readonly healthy: boolean
}

/** `down`: this host has etcd, and it does not answer. */
export type EtcdMembers =
  | { readonly state: 'none' }
  | { readonly state: 'down'; readonly reason: string }
  | { readonly state: 'up'; readonly members: readonly EtcdMember[] }

/**
 * Shell function `etcdctl`, run inside of the etcd container of this host: hosts have no etcdctl of their own. The certificates
 * are where kubeadm puts them. https://etcd.io/docs/v3.6/op-guide/runtime-configuration/
 */
export const ETCDCTL = `export PATH="/usr/local/bin:$PATH"
etcdctl() {
  box=$(crictl ps -q --name '^etcd$' 2>/dev/null | head -n 1)
  [ -n "$box" ] || { printf '%s\\n' 'etcd does not run on this host'; return 1; }
  crictl exec "$box" etcdctl --endpoints=https://127.0.0.1:2379 --cacert=/etc/kubernetes/pki/etcd/ca.crt \\
    --cert=/etc/kubernetes/pki/etcd/server.crt --key=/etc/kubernetes/pki/etcd/server.key --command-timeout=20s "$@" 2>&1
}`

/** Members of etcd as the one on this host knows them, and who of them answers. Ask: `all`. */
const etcdMembers: Fact<'all', EtcdMembers> = {
  name: 'etcd-members',
  costly: true,
  id: (ask) => ask,
  script: () => `[ -e /etc/kubernetes/manifests/etcd.yaml ] || exit 0
${ETCDCTL}
if list=$(etcdctl member list -w simple); then
  printf 'all\\tup\\n'
  printf '%s\\n' "$list" | sed -n -E 's/^([0-9a-f]+), [a-z]+, ([^,]*), [^,]*, ([^,]*),.*/all\tmember\t\\1\t\\2\t\\3/p'
  etcdctl endpoint health --cluster | sed -n -E 's/^(https:[^ ]+) is healthy.*/all\thealthy\t\\1/p'
else printf 'all\\tdown\\t%s\\n' "$(printf '%s\\n' "$list" | grep -v 'level=fatal msg="execing' | tail -n 1 | tr '\\t' ' ')"; fi`,
  volatile: ['healthy', 'down', 'up'],
  parse(lines) {
    const down = lines.find(([word]) => word === 'down')
    if (down) return { state: 'down', reason: down[1] ?? '' }
    if (lines.length === 0) return { state: 'none' }
    const healthy = new Set(lines.filter(([word]) => word === 'healthy').map(([, url]) => url))
    const members = lines
      .filter(([word]) => word === 'member')
      .map(([, id = '', name = '', url]) => ({ id, name, healthy: healthy.has(url) }))
    return { state: 'up', members }
  },
}

export const etcdMembersProbe = probe(etcdMembers, 'all')
