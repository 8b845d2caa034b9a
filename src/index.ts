/** Everything a playbook may import; nothing else is public. */

export { CONTROL_PLANE_IMAGES, RELEASES, WORKER_IMAGES } from './catalog/releases.ts'
export { REQUIREMENTS, type RequirementId, requirementOf } from './catalog/requirements.ts'
export { flannelObjects } from './cluster/flannel.ts'
export { kernelModuleNames, sysctlValues } from './cluster/kernel.ts'
export {
  API_PORT,
  apiEndpoint,
  apiServiceAddress,
  dnsServiceAddress,
  ignoredPreflightErrors,
  joinConfiguration,
  kubeadmFile,
  kubeletConfiguration,
  kubeProxyConfiguration,
  PATCHES,
  ticketFile,
} from './cluster/kubeadm.ts'
export { type Artifacts, isControlPlane, isFirst, type Node } from './cluster/node.ts'
export { KUBERNETES_PROGRAMS, type Program, RUNTIME_PROGRAMS } from './cluster/programs.ts'
export { duplicates, identities, identityFinding } from './cluster/requirements/identity.ts'
export { requirements } from './cluster/requirements.ts'
export { probe } from './core/fact.ts'
export { later } from './core/later.ts'
export { sha256 as digest } from './core/plan.ts'
export { type Play, type PlaySection, play, section } from './core/play.ts'
export { requirement } from './core/requirement.ts'
export type { Resource, ResourceOptions } from './core/resource.ts'
export { told } from './core/told.ts'
export { Value } from './core/value.ts'
export { clusterDns, dnsQueryScript } from './facts/cluster-dns.ts'
export { FLANNEL_SUBNET, flannelSubnetProbe } from './facts/flannel-subnet.ts'
export { ipvsTable } from './facts/ipvs.ts'
export { kubeadmFilesProbe } from './facts/kube-api.ts'
export { nodeOf } from './facts/kube-node.ts'
export { kubeProbe } from './facts/kube-object.ts'
export { kubectlPrelude } from './facts/kubectl.ts'
export { proxyMode, proxyModeScript } from './facts/proxy-mode.ts'
export { rolloutOf } from './facts/rollout.ts'
export type { Host, Inventory } from './inventory/inventory.ts'
export { archive } from './resources/archive.ts'
export { authorizedKeys } from './resources/authorized-keys.ts'
export { binary } from './resources/binary.ts'
export { command } from './resources/command.ts'
export { condition, waitUntil } from './resources/condition.ts'
export { directory } from './resources/directory.ts'
export { file, fileFrom } from './resources/file.ts'
export { fsyncRecord } from './resources/fsync-record.ts'
export { image } from './resources/image.ts'
export { joinTicket } from './resources/join-ticket.ts'
export { kernelModule, kernelModules } from './resources/kernel-modules.ts'
export { kubeNodeSettings } from './resources/kube-node.ts'
export { kubeProxyConfig } from './resources/kube-proxy-config.ts'
export { type KubeadmInitWant, kubeadmInit } from './resources/kubeadm-init.ts'
export { kubeadmJoin } from './resources/kubeadm-join.ts'
export { lines } from './resources/lines.ts'
export { link } from './resources/link.ts'
export { manifests } from './resources/manifests.ts'
export { openFiles } from './resources/open-files.ts'
export { packages } from './resources/packages.ts'
export { reboot } from './resources/reboot.ts'
export { swapOff } from './resources/swap-off.ts'
export { sysctls } from './resources/sysctls.ts'
export { unit } from './resources/unit.ts'
export { user } from './resources/user.ts'
export { template } from './template.ts'
