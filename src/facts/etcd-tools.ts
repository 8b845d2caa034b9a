import { IMAGE_NAMESPACE } from './container-image.ts'
import { WITH_OUR_PATH } from './kubectl.ts'

/** Where kubeadm tells the kubelet of etcd. */
export const ETCD_MANIFEST = '/etc/kubernetes/manifests/etcd.yaml'

/** Folder on a control plane for snapshots and what a restore has kept aside; for root alone. */
export const ETCD_KEPT = '/var/lib/provision/etcd'

/**
 * Shell that defines `etcd_tools MANIFEST`: mounts the image of etcd that the manifest names, read only, and from then on
 * `etcdctl` and `etcdutl` are the ones in it; etcd need not run. Everything is taken away when the script ends.
 */
export const WITH_ETCD_TOOLS = `${WITH_OUR_PATH}
tools=
drop_tools() {
  [ -z "$tools" ] || { ctr -n ${IMAGE_NAMESPACE} images unmount --rm "$tools" >/dev/null 2>&1; rmdir "$tools" 2>/dev/null; }
  tools=
}
trap drop_tools EXIT
trap 'exit 143' HUP INT TERM
etcd_tools() {
  etcd_image=$(sed -n 's/^ *image: *//p' "$1") && [ -n "$etcd_image" ] || { printf '%s names no image\\n' "$1"; return 1; }
  mkdir -p /run/provision
  tools=$(mktemp -d /run/provision/etcd-tools.XXXXXX) || return 1
  ctr -n ${IMAGE_NAMESPACE} images mount "$etcd_image" "$tools" >/dev/null || return 1
  etcd_bin=$tools/usr/local/bin
}
etcdutl() { "$etcd_bin/etcdutl" "$@"; }
etcdctl() {
  "$etcd_bin/etcdctl" --endpoints=https://127.0.0.1:2379 --cacert=/etc/kubernetes/pki/etcd/ca.crt \\
    --cert=/etc/kubernetes/pki/etcd/healthcheck-client.crt --key=/etc/kubernetes/pki/etcd/healthcheck-client.key "$@"
}`

/**
 * Shell that defines `etcd_snapshot FILE`: a snapshot of the member that runs here, whole or not there, with what etcdutl says
 * of it (hash, revision, keys, size) as JSON in FILE.json.
 */
export const WITH_ETCD_SNAPSHOT = `${WITH_ETCD_TOOLS}
etcd_snapshot() {
  rm -f "$1.new" "$1.new.part"
  etcdctl snapshot save "$1.new" >/dev/null && said=$(etcdutl snapshot status "$1.new" -w json) || return 1
  printf '%s\\n' "$said" >"$1.json.new" && mv "$1.new" "$1" && mv "$1.json.new" "$1.json"
}`
