import { readFile } from 'node:fs/promises'
import { parse } from 'yaml'
import { KUBEADM_CONFIG } from '../../playbooks/cluster.ts'
import { kubeadmFile } from '../../src/cluster/kubeadm.ts'
import type { Node } from '../../src/cluster/node.ts'
import { argv } from '../../src/core/quote.ts'
import type { KubeObject } from '../../src/facts/kube-object.ts'
import { ADMIN_CONF, feed } from '../../src/facts/kubectl.ts'
import { must } from '../../src/lab/local/command.ts'
import { waitUntil } from '../../src/resources/condition.ts'
import { labParts } from './lab-parts.ts'
import { TestHost } from './test-host.ts'

const PARTS = ['etcd-programs', 'kubernetes-control-plane', 'kubernetes-node', 'metallb-programs'] as const

/** Programs of a control plane, and what they are told beside what kubeadm tells them. */
const PROGRAMS = {
  etcd: [],
  // There is no kube-proxy: webhooks are called at the addresses of their pods.
  'kube-apiserver': ['--enable-aggregator-routing=true'],
  // There is no kubelet: nobody says again and again that a node lives.
  'kube-controller-manager': ['--controllers=-node-lifecycle-controller'],
} as const

/** Kubeconfig that needs no right given by the API server; the administrator's does, and kubeadm gives it. */
const SUPER_ADMIN = '/etc/kubernetes/super-admin.conf'

/** Calls of kubectl, a line each. */
const CALLS = '/run/kubectl-calls'

/**
 * A control plane without a kubelet: a test host on which kubeadm's own phases make certificates, kubeconfigs and the manifests
 * of static pods from our own kubeadm file, and what those manifests say is then started as plain processes. It serves on the
 * loopback of its own network, keeps everything in memory, is there after seconds, and gone with this process, whatever happens.
 */
export class ApiHost extends TestHost {
  static async serving(node: Node): Promise<ApiHost> {
    const parts = await labParts(PARTS)
    const { child, pid } = await TestHost.boot({
      folders: Object.fromEntries(PARTS.map((name) => [`/opt/${name}`, parts[name]])),
    })
    const host = new ApiHost(child, pid, 'dash')
    const address = ['ip', 'address', 'add', `${node.address}/32`, 'dev', 'lo']
    await must(['nsenter', '-t', String(pid), '-n', ...address], { deadlineMs: 10_000 })
    await host.put(KUBEADM_CONFIG, kubeadmFile(node))
    await host.sh(`ln -s /opt/etcd-programs/etcd /opt/kubernetes-control-plane/kube-* /opt/kubernetes-node/kubeadm /usr/local/bin/
cat >/usr/local/bin/kubectl <<'END'
#!/bin/sh
printf '%s\\n' "$*" >>${CALLS}
exec /opt/kubernetes-node/kubectl "$@"
END
chmod +x /usr/local/bin/kubectl
${phases('certs all', 'kubeconfig all', 'etcd local', 'control-plane all')}`)
    for (const [program, more] of Object.entries(PROGRAMS)) await host.#start(program, more)
    await host.sh(`${waitUntil(`said=$(kubectl --kubeconfig ${SUPER_ADMIN} get --raw /readyz 2>&1)`, 60, 'the API server')}
${phases('upload-config all', 'addon all')}`)
    return host
  }

  /** With the very flags kubeadm gives it, and ours after them. */
  async #start(program: string, more: readonly string[]): Promise<void> {
    const text = await readFile(`/proc/${this.pid}/root/etc/kubernetes/manifests/${program}.yaml`, 'utf8')
    const { spec } = parse(text) as {
      readonly spec: { readonly containers: readonly [{ readonly command: string[] }] }
    }
    await this.daemon(program, [...spec.containers[0].command, ...more])
  }

  /** Starts what lives as long as the host; its output is in `/var/log/NAME.log`. */
  async daemon(name: string, command: readonly string[]): Promise<void> {
    await this.sh(`${argv(command)} >/var/log/${name}.log 2>&1 </dev/null &`)
  }

  /** What kubectl prints, warnings too, as the cluster's administrator; of the rest of a command line in sh. */
  kubectl(line: string, input?: KubeObject): Promise<string> {
    const from = input === undefined ? '' : feed(JSON.stringify(input))
    return this.sh(`${from} /opt/kubernetes-node/kubectl --kubeconfig ${ADMIN_CONF} ${line} 2>&1`)
  }

  /** How often kubectl was called by what was done meanwhile. */
  async kubectlCalls(during: () => Promise<unknown>): Promise<number> {
    await this.sh(`: >${CALLS}`)
    await during()
    return Number(await this.sh(`wc -l <${CALLS}`))
  }
}

function phases(...names: readonly string[]): string {
  return names.map((name) => `kubeadm init phase ${name} --config ${KUBEADM_CONFIG}`).join(' &&\n')
}
