import type { Releases } from '../../catalog/releases.ts'
import type { GoRecipe } from './recipe.ts'

/** What `kubectl version` and the API server's /version say. The date is the tag's own, so two builds are the same bytes. */
function kubernetesDefines({ version, date }: Releases['kubernetes']): Readonly<Record<string, string>> {
  const minor = version.replace(/^v([0-9]+)\.([0-9]+)\..*$/, '$2')
  return Object.fromEntries(
    ['k8s.io/component-base/version', 'k8s.io/client-go/pkg/version'].flatMap((name) => [
      [`${name}.gitVersion`, version],
      [`${name}.gitMajor`, '1'],
      [`${name}.gitMinor`, minor],
      [`${name}.gitTreeState`, 'clean'],
      [`${name}.buildDate`, date],
    ]),
  )
}

function kubernetesPart(
  { kubernetes }: Releases,
  name: string,
  title: string,
  programs: GoRecipe['programs'],
): GoRecipe {
  return {
    kind: 'go',
    name,
    title: `${title} ${kubernetes.version}`,
    licence: 'Apache-2.0',
    modules: [{ path: 'k8s.io/kubernetes', version: kubernetes.version }],
    stagingVersion: kubernetes.version.replace(/^v1\./, 'v0.'),
    cgo: false,
    defines: kubernetesDefines(kubernetes),
    programs,
  }
}

export function kubernetesNode(releases: Releases): GoRecipe {
  const programs = ['kubelet', 'kubeadm', 'kubectl'].map((name) => ({
    package: `k8s.io/kubernetes/cmd/${name}`,
    artifact: name,
  }))
  return kubernetesPart(releases, 'kubernetes-node', 'kubelet, kubeadm, kubectl', programs)
}

export function kubernetesControlPlane(releases: Releases): GoRecipe {
  const programs = ['kube-apiserver', 'kube-controller-manager', 'kube-scheduler', 'kube-proxy'].map((name) => ({
    package: `k8s.io/kubernetes/cmd/${name}`,
  }))
  return kubernetesPart(releases, 'kubernetes-control-plane', 'Kubernetes control plane', programs)
}

export function etcdPrograms({ etcd }: Releases): GoRecipe {
  return {
    kind: 'go',
    name: 'etcd-programs',
    title: `etcd ${etcd.version}`,
    licence: 'Apache-2.0',
    modules: ['server', 'etcdctl', 'etcdutl'].map((name) => ({
      path: `go.etcd.io/etcd/${name}/v3`,
      version: etcd.version,
    })),
    cgo: false,
    programs: [
      { package: 'go.etcd.io/etcd/server/v3', as: 'etcd' },
      { package: 'go.etcd.io/etcd/etcdctl/v3' },
      { package: 'go.etcd.io/etcd/etcdutl/v3' },
    ],
  }
}

export function corednsProgram({ coredns }: Releases): GoRecipe {
  return {
    kind: 'go',
    name: 'coredns-program',
    title: `CoreDNS ${coredns.version}`,
    licence: 'Apache-2.0',
    modules: [{ path: 'github.com/coredns/coredns', version: coredns.version }],
    cgo: false,
    programs: [{ package: 'github.com/coredns/coredns' }],
  }
}
