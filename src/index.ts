/** Everything a playbook may import; nothing else is public. */

export { type Offer, offerDigest } from './artifacts/offer.ts'
export { CALICO, CILIUM } from './catalog/network-releases.ts'
export type { ProxyMode } from './catalog/proxy-rules.ts'
export { controlPlaneImages, RELEASES, workerImages } from './catalog/releases.ts'
export { REQUIREMENTS, type RequirementId, requirementOf } from './catalog/requirements.ts'
export { addonWaiting } from './cluster/addon-wait.ts'
export { ADDON_RECORD, addonLines, addonRecord, addonTurns, type ReadAddon } from './cluster/addons.ts'
export { podMtuBounds } from './cluster/auto-mtu.ts'
export { CALICO_NAMESPACE, calicoManifest, calicoObjects, settledCalico } from './cluster/calico.ts'
export { settledRoutes } from './cluster/calico-changes.ts'
export {
  CALICO_DEFINITIONS,
  CALICO_KINDS,
  CALICO_RECORD,
  calicoConfig,
  calicoKinds,
  calicoLines,
  calicoRoutes,
  REFLECTOR_ANNOTATION,
  reflectorAnnotations,
} from './cluster/calico-config.ts'
export { canalObjects, settledCanal } from './cluster/canal.ts'
export { CERT_MANAGER_NAMESPACE, certManagerObjects } from './cluster/cert-manager.ts'
export {
  type Around,
  CERT_MANAGER_RECORD,
  heldIssuers,
  heldObjects,
  issuerLines,
  issuerObjects,
  secretOf as issuerSecret,
} from './cluster/cert-manager-issuers.ts'
export {
  CERT_MANAGER_DEPLOYMENTS,
  CERT_MANAGER_PROBES,
  CERT_MANAGER_TRIAL,
  certManagerEvidence,
  issuerEvidence,
} from './cluster/cert-manager-state.ts'
export { CERTIFICATES_OF, renewedAs } from './cluster/certificates.ts'
export { CILIUM_NAMESPACE, ciliumObjects, ciliumRelease, settledCilium } from './cluster/cilium.ts'
export {
  CILIUM_DEFINITIONS,
  CILIUM_KINDS,
  CILIUM_RECORD,
  ciliumKinds,
  ciliumPoolLines,
  ciliumPools,
} from './cluster/cilium-pools.ts'
export { CARRIER_FILE, type SharedEndpoint, sharedEndpoint } from './cluster/endpoint.ts'
export { FLANNEL_DEVICES, flannelObjects, settledFlannel } from './cluster/flannel.ts'
export { networkImageNames } from './cluster/images.ts'
export { INGRESS_RECORD, ingressClassInTheWay, ingressClassOf } from './cluster/ingress.ts'
export { kernelModuleNames, sysctlValues } from './cluster/kernel.ts'
export { KUBE_ROUTER_HEALTH, kubeRouterObjects } from './cluster/kube-router.ts'
export {
  API_PORT,
  apiEndpoint,
  apiServiceAddress,
  dnsServiceAddress,
  ignoredPreflightErrors,
  joinConfiguration,
  kubeadmFile,
  kubeProxyConfiguration,
  PATCHES,
  ticketFile,
} from './cluster/kubeadm.ts'
export { decidedForKubelet, kubeletPatch } from './cluster/kubelet-settings.ts'
export {
  METALLB_KINDS,
  METALLB_NAMESPACE,
  METALLB_RECORD,
  metallbConfig,
  metallbLines,
  metallbObjects,
} from './cluster/metallb.ts'
export { poolRefs, poolsInTheWay } from './cluster/metallb-room.ts'
export { poolEvidence, WEBHOOK_PROBES, webhookEvidence, webhookScript } from './cluster/metallb-state.ts'
export { flannelBackendMtu } from './cluster/mtu.ts'
export { type Artifacts, isControlPlane, isFirst, type Node } from './cluster/node.ts'
export { hasTypha } from './cluster/pod-network.ts'
export { POLICY_KINDS, POLICY_RECORD, policyLines, policyNamespaces, policyObjects } from './cluster/policies.ts'
export { KUBERNETES_PROGRAMS, type Program, RUNTIME_PROGRAMS } from './cluster/programs.ts'
export { releasesOf } from './cluster/releases.ts'
export { type Removal, removalGuard } from './cluster/removal.ts'
export { duplicates, identities, identityFinding } from './cluster/requirements/identity.ts'
export { networkChoice } from './cluster/requirements/network-choice.ts'
export { nodeMayFollow, sameVersion, upgradePath } from './cluster/requirements/version.ts'
export { requirements } from './cluster/requirements.ts'
export { resetGuard } from './cluster/reset-guard.ts'
export { type ResetList, resetList } from './cluster/reset-list.ts'
export { batches, type Rollout, type Turn, type UpgradeNode } from './cluster/rollout.ts'
export { stagedFirst } from './cluster/staged-first.ts'
export { type StatusLimits, statusOf } from './cluster/status.ts'
export { strangers } from './cluster/strangers.ts'
export {
  TRAEFIK_CONTROLLER,
  TRAEFIK_NAMESPACE,
  TRAEFIK_PODS,
  traefikObjects,
  traefikRecordLines,
} from './cluster/traefik.ts'
export { upgradeConfiguration } from './cluster/upgrade-configuration.ts'
export { Deferred } from './core/deferred.ts'
export { probe } from './core/fact.ts'
export { later } from './core/later.ts'
export { sha256 as digest } from './core/plan.ts'
export { compile, type Play, type PlaySection, play, section } from './core/play.ts'
export { requirement } from './core/requirement.ts'
export type { Key, Resource, ResourceOptions } from './core/resource.ts'
export { told } from './core/told.ts'
export { Value } from './core/value.ts'
export { clusterDns, dnsQueryScript } from './facts/cluster-dns.ts'
export { CNI_FOLDER, cniConfigProbe, cniMtuScript } from './facts/cni-config.ts'
export type { EtcdMember } from './facts/etcd-member.ts'
export { FLANNEL_SUBNET, flannelSettledScript, flannelSubnetProbe } from './facts/flannel-subnet.ts'
export { health, healthScript } from './facts/health.ts'
export { ipvsTable, type VirtualServer } from './facts/ipvs.ts'
export { kubeadmFilesProbe } from './facts/kube-api.ts'
export { nodeOf } from './facts/kube-node.ts'
export { type KubeObject, kubeProbe } from './facts/kube-object.ts'
export { podIsReady } from './facts/kube-pod.ts'
export { kubeReadyProbe, OWN_API_IS_READY, WITH_OWN_API } from './facts/kube-ready.ts'
export { kubectlPrelude, WITH_OUR_PATH } from './facts/kubectl.ts'
export { withLivingLines } from './facts/object-record.ts'
export { proxyMode, proxyModeScript } from './facts/proxy-mode.ts'
export { IN_PROXY } from './facts/proxy-process.ts'
export { type ProxyRules, proxyRulesProbe } from './facts/proxy-rules.ts'
export { rolledOutScript, rolloutOf } from './facts/rollout.ts'
export { hexAddress, serviceCarried } from './facts/service-carried.ts'
export { unlessProbe } from './facts/unless.ts'
export type { CertManager, Host, Ingress, Inventory, LoadBalancer } from './inventory/inventory.ts'
export { absentTree } from './resources/absent-tree.ts'
export { archive } from './resources/archive.ts'
export { authorizedKeys } from './resources/authorized-keys.ts'
export { binary } from './resources/binary.ts'
export { byArch } from './resources/by-arch.ts'
export { cardFile } from './resources/card-file.ts'
export { certificatesRenewed } from './resources/certificates-renewed.ts'
export { command } from './resources/command.ts'
export { condition, waitUntil } from './resources/condition.ts'
export { directory } from './resources/directory.ts'
export { drained, inService } from './resources/drained.ts'
export { etcdMemberGone } from './resources/etcd-member-gone.ts'
export { type EtcdRestoreWant, etcdRestore } from './resources/etcd-restore.ts'
export { snapshotBefore } from './resources/etcd-snapshot.ts'
export { fetchedBinary } from './resources/fetched-binary.ts'
export { file, fileFrom } from './resources/file.ts'
export { flannelDevice } from './resources/flannel-device.ts'
export { fsyncRecord } from './resources/fsync-record.ts'
export { image } from './resources/image.ts'
export { joinTicket } from './resources/join-ticket.ts'
export { kernelModule, kernelModules } from './resources/kernel-modules.ts'
export { kubeNetworkGone } from './resources/kube-network-gone.ts'
export { kubeNodeSettings } from './resources/kube-node.ts'
export { kubeNodeGone } from './resources/kube-node-gone.ts'
export { kubeProxyConfig } from './resources/kube-proxy-config.ts'
export { type KubeadmInitWant, kubeadmInit } from './resources/kubeadm-init.ts'
export { kubeadmJoin } from './resources/kubeadm-join.ts'
export { kubeadmUpgrade, kubeadmUpgradeCommand } from './resources/kubeadm-upgrade.ts'
export { kubeletBase } from './resources/kubelet-base.ts'
export { kubeletSettings } from './resources/kubelet-settings.ts'
export { lines } from './resources/lines.ts'
export { link } from './resources/link.ts'
export { madeRoom } from './resources/made-room.ts'
export { manifests, onlyThere } from './resources/manifests.ts'
export { openFiles } from './resources/open-files.ts'
export { packages } from './resources/packages.ts'
export { podsGone } from './resources/pods-gone.ts'
export { podsServe } from './resources/pods-serve.ts'
export { proxyLeftovers } from './resources/proxy-leftovers.ts'
export { reboot } from './resources/reboot.ts'
export { removedObjects } from './resources/removed-objects.ts'
export { runtimeGone } from './resources/runtime-gone.ts'
export { staticPodFresh } from './resources/static-pod-fresh.ts'
export { swapOff } from './resources/swap-off.ts'
export { sysctls } from './resources/sysctls.ts'
export { turn } from './resources/turn.ts'
export { unit } from './resources/unit.ts'
export { unitsForgotten } from './resources/units-forgotten.ts'
export { user } from './resources/user.ts'
export { template } from './template.ts'
