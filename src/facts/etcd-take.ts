import { ETCD_KEPT, ETCD_MANIFEST, WITH_ETCD_SNAPSHOT } from './etcd-tools.ts'

/**
 * Script for a look at a control plane: takes a snapshot of the member that runs there and prints it. Marks: `status` (what
 * etcdutl says of it, as JSON), `digest` (sha256 of the file), `data` (the file as base64). Nothing of it stays on the host.
 */
export const TAKE_SNAPSHOT = `(
umask 077
${WITH_ETCD_SNAPSHOT}
taking=
trap 'rm -f "$taking" "$taking.json" "$taking.new" "$taking.new.part"; rmdir ${ETCD_KEPT} 2>/dev/null; drop_tools' EXIT
[ -e ${ETCD_MANIFEST} ] || { printf 'this host runs no etcd of kubeadm: there is no ${ETCD_MANIFEST}\\n' >&2; exit 1; }
mkdir -p -m 0700 ${ETCD_KEPT} || exit 1
find ${ETCD_KEPT} -name 'taking.*' -mmin +60 -exec rm -f {} +
taking=$(mktemp ${ETCD_KEPT}/taking.XXXXXX) || exit 1
etcd_tools ${ETCD_MANIFEST} >&2 && etcd_snapshot "$taking" >&2 || exit 1
mark status
cat "$taking.json"
mark digest
sha256sum <"$taking"
mark data
base64 <"$taking"
)`
