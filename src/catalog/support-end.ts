/**
 * The day a minor version of Kubernetes gets its last fixes, and the minor version from which a part of it is gone.
 * Source: kubernetes.io, "Releases", as of August 2026; KEP-5495 for IPVS.
 */
export const KUBERNETES_SUPPORT_ENDS: Readonly<Record<string, string>> = {
  '1.34': '2026-10-27',
  '1.35': '2027-02-28',
  '1.36': '2027-06-28',
  '1.37': '2027-10-28',
}

/** First minor version whose kubelet refuses control groups version 1 (KEP-5573). */
export const CGROUP_V2_SINCE_MINOR = 35
