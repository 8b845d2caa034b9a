export interface RequirementInfo {
  /** As it stands in a plan. */
  readonly title: string
  /** One line for a person who meets it for the first time. */
  readonly why: string
}

/**
 * Everything `provision check` judges. The ids are what `accept` in an inventory and `provision explain` name; they never
 * change their meaning.
 */
export const REQUIREMENTS = {
  virtualisation: {
    title: 'bare metal or KVM',
    why: 'Other hypervisors and containers share or emulate too much of the kernel for a node to behave predictably.',
  },
  'kvm-device': {
    title: '/dev/kvm',
    why: 'Needed only where the machine itself is to run virtual machines (KubeVirt, Kata): say so with verify.nestedVirtualisation.',
  },
  architecture: { title: 'processor architecture', why: 'Kubernetes and the networks are built for amd64 and arm64.' },
  'x86-64-level': {
    title: 'x86-64 level',
    why: 'Newer distributions and images are compiled for x86-64-v2; on an older processor they die with SIGILL.',
  },
  'cpu-count': {
    title: 'processors',
    why: 'A control plane with one processor misses the deadlines of leader elections; kubeadm refuses it.',
  },
  'cpu-steal': {
    title: 'stolen processor time',
    why: 'A hypervisor that gives the time to others makes encapsulated traffic and etcd slow without any visible load.',
  },
  memory: { title: 'memory', why: 'Below this, etcd and kube-apiserver are killed for lack of memory.' },
  'disk-space': {
    title: 'free disk space',
    why: 'Images and containers live here; the kubelet throws pods off a node whose disk is full.',
  },
  'nvme-etcd': {
    title: 'disk behind the etcd folder',
    why: 'etcd waits for the disk at every change: a spinning or shared disk costs the cluster its leader under load.',
  },
  'etcd-fsync': {
    title: 'fsync in the etcd folder',
    why: 'The slowest 1 % of small durable writes decide whether etcd keeps its leader; 10 ms is what etcd asks for.',
  },
  'kernel-version': {
    title: 'kernel version',
    why: 'Each network and each mode of kube-proxy has a kernel it works from.',
  },
  'kernel-modules': {
    title: 'kernel modules',
    why: 'A missing module shows late: kube-proxy crash-loops, or pods reach nothing. Looked for in the kernel, not inferred.',
  },
  'kernel-config': {
    title: 'kernel options',
    why: 'What cannot be loaded must be built in; kubeadm checks the same options (SystemVerification).',
  },
  'kernel-btf': { title: 'kernel type information', why: 'Portable BPF programs need /sys/kernel/btf/vmlinux.' },
  cgroup: {
    title: 'control groups',
    why: 'The kubelet refuses to start on version 1 since Kubernetes 1.35; without a controller, limits do nothing.',
  },
  swap: { title: 'swap', why: 'The kubelet does not start while swap is on, unless it is told to live with it.' },
  clock: {
    title: 'clock',
    why: 'Certificates and leases are judged by the clock: a wrong one makes joins fail and leaders change.',
  },
  'time-sync': { title: 'clock synchronisation', why: 'A clock nobody corrects will be wrong some day.' },
  hostname: {
    title: 'host name',
    why: 'kubeadm and the kubelet put it in certificates and look it up; a name that does not resolve costs seconds each time.',
  },
  'machine-id': {
    title: 'machine id',
    why: 'Networks and DHCP tell nodes apart by it; cloned machines share one.',
  },
  'unique-identity': {
    title: 'identities of the hosts',
    why: 'Two nodes with one host name, machine id, firmware id or card address take each other’s place.',
  },
  ports: { title: 'ports', why: 'A port somebody else holds lets a part of the control plane crash-loop.' },
  reach: {
    title: 'ports between hosts',
    why: 'A port that is closed between two nodes lets a join hang for minutes, or pods of just that pair fail. Tried with real listeners.',
  },
  'path-mtu': {
    title: 'size of packets between hosts',
    why: 'Packets too big for the way between two nodes vanish without a word: small requests work, big answers hang.',
  },
  'clock-skew-peers': {
    title: 'clocks against each other',
    why: 'Certificates and leases made on one node are judged by the clock of another.',
  },
  'round-trip': {
    title: 'round trips between hosts',
    why: 'etcd waits for a majority at every change: far control planes are slow, and change their leader under load.',
  },
  'pod-starts': {
    title: 'pods start',
    why: 'A node whose pods do not start looks Ready all the same. Proven with a pod on each.',
  },
  'pod-network': {
    title: 'pod to pod',
    why: 'What carries packets of pods between two nodes is often dropped in one direction only: half of all requests then hang.',
  },
  'pod-packets': {
    title: 'full packets, pod to pod',
    why: 'Where the way is narrower than pods believe, big packets vanish without a word: small requests work, big answers hang.',
  },
  'pod-services': {
    title: 'pod to Service',
    why: 'Rules of kube-proxy may be missing or old on one node, and only pods there notice.',
  },
  'node-services': {
    title: 'node to Service',
    why: 'Webhooks and everything on the network of the host come this way; it needs masquerading, which some kernels lack.',
  },
  'pod-dns': {
    title: 'DNS from pods',
    why: 'A question that is lost costs a pod five seconds; one in a hundred is enough to make everything slow now and then.',
  },
  'pod-api': {
    title: 'kube-apiserver from pods',
    why: 'Controllers and operators are pods, and do nothing without it.',
  },
  'kube-proxy': {
    title: 'kube-proxy at work',
    why: 'It says in which mode it runs, and the kernel shows a rule for each endpoint of a Service.',
  },
  'pod-policies': {
    title: 'policies',
    why: 'Policies that nobody enforces are stored without a word, and everybody goes on talking to everybody. Proven by a connection that is denied.',
  },
  'load-balancers': {
    title: 'LoadBalancer addresses',
    why: 'Nodes and pods call them as everybody else does, and get their answer from the rules of their own node.',
  },
  points: {
    title: 'way to the places you named',
    why: 'Users, other sites and registries are served from here: how long a connection takes to begin is felt in each request.',
  },
  'virtual-address': {
    title: 'address of the API server',
    why: 'Two machines that answer for one address take turns at random: half the cluster would talk to a stranger.',
  },
  dns: { title: 'name resolution', why: 'Images and files come by name, and pods inherit this resolver.' },
  'cluster-version': {
    title: 'version of the cluster',
    why: 'Another version goes onto a cluster that runs node by node, each of them drained: that is what `provision upgrade` does, never `up`.',
  },
  'network-choice': {
    title: 'one pod network',
    why: 'Two networks on one node both give out addresses and write routes; which of them a packet meets is chance.',
  },
  'upgrade-path': {
    title: 'way of the upgrade',
    why: 'Kubernetes goes one minor version at a time and never back, and no kubelet may be newer than its API server.',
  },
  'staging-first': {
    title: "a certificate of Let's Encrypt's staging first",
    why: 'letsencrypt allows few failures an hour and few certificates a week: a mistake locks a name out for days.',
  },
  os: { title: 'distribution', why: 'Packages are installed with apt or dnf; others have not been tried.' },
  init: { title: 'systemd', why: 'containerd and the kubelet run as units of systemd.' },
  tools: { title: 'tools of the engine', why: 'provision works through the shell and coreutils of the host.' },
} as const satisfies Readonly<Record<string, RequirementInfo>>

export type RequirementId = keyof typeof REQUIREMENTS

/** The requirement an id of a finding or of `accept` belongs to: `disk-space:/var` is one of `disk-space`. */
export function requirementOf(id: string): RequirementId | undefined {
  const base = id.split(':')[0] ?? ''
  return Object.hasOwn(REQUIREMENTS, base) ? (base as RequirementId) : undefined
}
