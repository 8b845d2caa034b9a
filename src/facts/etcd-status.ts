import { type Fact, probe } from '../core/fact.ts'

/** What the etcd member of a control plane says of itself. */
export interface EtcdStatus {
  readonly version: string
  readonly isLeader: boolean
  readonly hasLeader: boolean
  /** Members it knows, itself among them. */
  readonly members: number
  readonly databaseBytes: number
}

/** Where kubeadm has etcd serve its metrics, without TLS and for this host alone. */
const METRICS_PORT = 2381

/** From etcd's metrics: no certificate is needed. Undefined where it does not answer. Ask: `member`. https://etcd.io/docs/v3.6/metrics/ */
const etcdStatus: Fact<'member', EtcdStatus | undefined> = {
  name: 'etcd-status',
  id: (ask) => ask,
  script: () => `[ -e /etc/kubernetes/manifests/etcd.yaml ] || exit 0
timeout 5 bash -c 'exec 3<>/dev/tcp/127.0.0.1/${METRICS_PORT} &&
printf "GET /metrics HTTP/1.0\\r\\n\\r\\n" >&3 && cat <&3' 2>/dev/null |
sed -n -E 's/^etcd_(server_has_leader|server_is_leader|mvcc_db_total_size_in_bytes) (.*)/member\t\\1\t\\2/p
s/^etcd_server_version\\{server_version="([^"]*)"\\} 1.*/member\tversion\t\\1/p
s/^etcd_network_known_peers\\{.*Remote="([^"]*)".*/member\tpeer\t\\1/p'`,
  volatile: ['mvcc_db_total_size_in_bytes', 'server_is_leader', 'server_has_leader'],
  parse(lines) {
    const values = new Map(lines.map(([name = '', value = '']) => [name, value] as const))
    if (!values.has('server_has_leader')) return undefined
    return {
      version: values.get('version') ?? '',
      isLeader: Number(values.get('server_is_leader')) === 1,
      hasLeader: Number(values.get('server_has_leader')) === 1,
      members: Math.max(1, new Set(lines.filter(([name]) => name === 'peer').map(([, id]) => id)).size),
      databaseBytes: Number(values.get('mvcc_db_total_size_in_bytes')),
    }
  },
}

export const etcdStatusProbe = probe(etcdStatus, 'member')
