/** Networks beside Flannel. `…Sha256` is of the file at the tag; images are named as the manifests name them. */

const CALICO_VERSION = 'v3.32.1'

const CALICO_IMAGES = {
  'calico-node': `quay.io/calico/node:${CALICO_VERSION}`,
  'calico-cni': `quay.io/calico/cni:${CALICO_VERSION}`,
  'calico-kube-controllers': `quay.io/calico/kube-controllers:${CALICO_VERSION}`,
} as const

/** Tag of 2026-06-24 (0ca9d1b93644). Manifests are those of its folder `manifests/`. */
export const CALICO = {
  version: CALICO_VERSION,
  manifests: {
    'calico.yaml': 'a1df919d9721cf667accdc3e72848911b0cb25cfab7d2478ad0c996302c95744',
    'calico-vxlan.yaml': 'c2ab4f9a4ecde01d66e6f040d6745cd7f174d5ded573164c809ffb9f40a9d566',
    'calico-typha.yaml': '7ecc42a5ca2bd47764384f5c52b89b007c06cbf907fd3214c1cf4abc75ead76f',
    'canal.yaml': 'aa58a7b245586a90d75d969b9184326f6218acea7e4951ce2931113cd8e91e39',
  },
  images: CALICO_IMAGES,
  typhaImages: { 'calico-typha': `quay.io/calico/typha:${CALICO_VERSION}` },
  /** Canal's own Flannel is of 2024 still: it is what upstream tested it with. */
  canalImages: { ...CALICO_IMAGES, 'canal-flannel': 'docker.io/flannel/flannel:v0.24.4' },
} as const

const CILIUM_VERSION = 'v1.20.0'

/** Chart of 2026-08-03; its images are pinned by digest in it, and are those of its own values. */
export const CILIUM = {
  version: CILIUM_VERSION,
  /**
   * As helm.cilium.io serves it. Its index, with the digest, could not be read here: this one stands in several public
   * repositories that pin the same file.
   */
  chart: {
    name: 'cilium-1.20.0.tgz',
    sha256: 'c5f013912360d1a334f44ef25f36da59ba3414cdb48f466ee12d0c4fdff27883',
  },
  images: {
    cilium: 'quay.io/cilium/cilium:v1.20.0@sha256:383968cd5e8873f7976fa76aa6196045643558f4cc9518a207b9335cb24a0e93',
    'cilium-operator':
      'quay.io/cilium/operator-generic:v1.20.0@sha256:80744a8cc7c91c2f9e6347629406844eb35d79b30a732c6d41c15b17232a74f3',
    'cilium-envoy':
      'quay.io/cilium/cilium-envoy:v1.37.5-1782911245-7cffc778c923f68a77954a53b1a98d6b5353f004@sha256:583057dd4f7d54cd41efff3c413aa0b148ac201f522e2c3336851fa89c78b039',
  },
} as const

/** Renders charts on the operator's machine. */
export const HELM = {
  /** As the lab compiles it. */
  version: 'v4.3.1',
  /** The newest release whose digests were published when they were collected (kubespray's `checksums.yml`). */
  released: {
    version: 'v3.18.4',
    sha256: {
      amd64: 'f8180838c23d7c7d797b208861fecb591d9ce1690d8704ed1e4cb8e2add966c1',
      arm64: 'c0a45e67eef0c7416a8a8c9e9d5d2d30d70e4f4d3f7bea5de28241fffa8f3b89',
    },
  },
} as const
