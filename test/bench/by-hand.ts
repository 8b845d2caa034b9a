import { chmod, cp, mkdir, readFile, symlink, writeFile } from 'node:fs/promises'
import { dirname, join } from 'node:path'
import { parseBundle } from '../../src/artifacts/bundle.ts'
import { argv, quote } from '../../src/core/quote.ts'
import {
  apiServiceAddress,
  controlPlaneImages,
  dnsQueryScript,
  dnsServiceAddress,
  flannelObjects,
  ignoredPreflightErrors,
  KUBERNETES_PROGRAMS,
  kernelModuleNames,
  kubeadmFile,
  type Node,
  proxyModeScript,
  RUNTIME_PROGRAMS,
  releasesOf,
  sysctlValues,
  template,
  waitUntil,
  workerImages,
} from '../../src/index.ts'
import { makeBundle } from '../../src/lab/bundle/bundle.ts'
import type { MainLab } from '../support/main-lab.ts'
import { nodeOf } from '../support/node.ts'

/**
 * Everything `by-hand.sh` needs, in one folder: the very programs, images and settings `provision up` installs.
 * @returns the folder
 */
export async function handFolder(lab: MainLab): Promise<string> {
  const folder = join(lab.cli.folder, 'by-hand')
  const bundle = await makeBundle({ cacheDir: join(lab.cli.cacheDir, 'provision'), report: () => {}, jobs: 2 })
  const index = parseBundle(await readFile(join(bundle.path, 'bundle.json'), 'utf8'), 'bundle.json')
  const from = (name: string) => join(bundle.path, index.find((entry) => entry.name === name)?.path ?? name)
  const machines = (await lab.lab.list()).map(({ machine }) => machine)
  const node = nodeOf(await readFile(lab.inventory, 'utf8'), { address: machines[0]?.address })
  const link = async (target: string, path: string) => {
    await mkdir(dirname(join(folder, path)), { recursive: true })
    await symlink(target, join(folder, path))
  }
  for (const { name, path } of [...RUNTIME_PROGRAMS, ...KUBERNETES_PROGRAMS]) await link(from(name), `node${path}`)
  const releases = releasesOf(node.inventory)
  const flannel = ['flannel', 'flannel-cni-plugin']
  for (const name of [...Object.keys(controlPlaneImages(releases)), ...flannel])
    await link(from(name), `images-control-plane/${name}.tar`)
  for (const name of [...Object.keys(workerImages(releases)), ...flannel])
    await link(from(name), `images-worker/${name}.tar`)
  const manifest = await readFile(from('kube-flannel.yml'), 'utf8')
  for (const [path, text] of Object.entries(settings(node, manifest))) {
    await mkdir(dirname(join(folder, path)), { recursive: true })
    await writeFile(join(folder, path), text)
  }
  for (const { name } of machines) {
    const ssh = join(folder, `ssh-${name}`)
    await writeFile(ssh, `#!/bin/sh\nexec ${argv(await lab.lab.ssh(name))} "$@"\n`)
    await chmod(ssh, 0o700)
  }
  await cp(join(import.meta.dirname, 'by-hand.sh'), join(folder, 'by-hand.sh'))
  return folder
}

/** Files by path: what somebody would have written beforehand. */
function settings(node: Node, manifest: string): Readonly<Record<string, string>> {
  const { inventory, host } = node
  const modules = kernelModuleNames(node).map((name) => (typeof name === 'string' ? name : name[0]))
  const images = controlPlaneImages(releasesOf(inventory))
  const { podSubnet } = inventory.kubernetes
  const objects = flannelObjects(manifest, { podSubnet, network: inventory.network })
  return {
    ignore: ignoredPreflightErrors(host.accept).join(','),
    'node/etc/modules-load.d/k8s.conf': modules.map((name) => `${name}\n`).join(''),
    'node/etc/sysctl.d/99-k8s.conf': Object.entries(sysctlValues(node))
      .map(([key, value]) => `${key} = ${value}\n`)
      .join(''),
    'node/etc/containerd/config.toml': template('etc/containerd/config.toml', { pauseImage: images.pause }),
    'node/etc/systemd/system/containerd.service': template('etc/systemd/system/containerd.service', {
      openFiles: host.kernel.openFiles,
    }),
    'node/etc/systemd/system/kubelet.service': template('etc/systemd/system/kubelet.service'),
    'node/etc/crictl.yaml': template('etc/crictl.yaml'),
    'node/root/kubeadm.yaml': kubeadmFile(node),
    'node/root/kube-flannel.yml': objects.map((object) => JSON.stringify(object)).join('\n---\n'),
    'node/root/verify.sh': proof(node),
  }
}

/** The proof at the end of `provision up`, as shell: kube-proxy's mode, its first service in the kernel, an answer from CoreDNS. */
function proof({ inventory }: Node): string {
  const { serviceSubnet, dnsDomain, kubeProxy } = inventory.kubernetes
  const server = dnsServiceAddress(serviceSubnet)
  const name = `kubernetes.default.svc.${dnsDomain}`
  const api = apiServiceAddress(serviceSubnet)
  return [
    waitUntil(`[ "$(${proxyModeScript(10_249)})" = ${quote(kubeProxy.mode)} ]`, 600, 'kube-proxy'),
    waitUntil(`grep -qi ${quote(` ${hex(api)}:01BB ${kubeProxy.scheduler}`)} /proc/net/ip_vs`, 600, api),
    waitUntil(dnsQueryScript({ server, name }), 600, server),
  ].join('\n')
}

function hex(address: string): string {
  return address
    .split('.')
    .map((part) => Number(part).toString(16).padStart(2, '0'))
    .join('')
}
