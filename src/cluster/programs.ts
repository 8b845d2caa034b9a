/** A program of a node and where it goes. */
export interface Program {
  /** Name of its artifact. */
  readonly name: string
  readonly path: string
}

const bin = (name: string): Program => ({ name, path: `/usr/local/bin/${name}` })
const cni = (name: string): Program => ({ name: `cni/${name}`, path: `/opt/cni/bin/${name}` })

/** What containerd and pods need. */
export const RUNTIME_PROGRAMS: readonly Program[] = [
  bin('containerd'),
  bin('containerd-shim-runc-v2'),
  bin('ctr'),
  { name: 'runc', path: '/usr/local/sbin/runc' },
  bin('crictl'),
  cni('bridge'),
  cni('host-local'),
  cni('loopback'),
  cni('portmap'),
]

export const KUBERNETES_PROGRAMS: readonly Program[] = [bin('kubeadm'), bin('kubelet'), bin('kubectl')]
