/**
 * Free space a node cannot do without, in GiB, by the folder that fills: each may be a file system of its own. What an
 * inventory says of the same folder wins; 0 asks for nothing.
 */
export const NODE_FOLDERS_GIB: Readonly<Record<string, number>> = {
  '/': 1,
  '/var/lib/containerd': 5,
  '/var/lib/kubelet': 1,
}

/** etcd stops taking writes at a database of 2 GiB (its default quota-backend-bytes); logs and a snapshot come on top. */
export const ETCD_GIB = 4
