/** What lets requests in and gives names their certificates: the same for every version of Kubernetes. */
export const ENTRY_RELEASES = {
  /** 1.21 supports Kubernetes 1.33 to 1.36 (cert-manager.io, "Supported Releases"). */
  certManager: {
    version: 'v1.21.1',
    /** Of the release's `cert-manager.yaml`; made again from the tag's chart by the steps of its `make/manifests.mk`. */
    manifestSha256: '5f6a499b8c1857d57f560f536e0dcc830914b45c420899fe7ad0692c8624e408',
    /** As the manifest names them. The last one is no pod of it, but answers each HTTP-01 challenge. */
    images: {
      'cert-manager-controller': 'quay.io/jetstack/cert-manager-controller:v1.21.1',
      'cert-manager-cainjector': 'quay.io/jetstack/cert-manager-cainjector:v1.21.1',
      'cert-manager-webhook': 'quay.io/jetstack/cert-manager-webhook:v1.21.1',
      'cert-manager-acmesolver': 'quay.io/jetstack/cert-manager-acmesolver:v1.21.1',
    },
  },
  traefik: {
    version: 'v3.6.12',
    images: { traefik: 'docker.io/traefik:v3.6.12' },
  },
} as const
