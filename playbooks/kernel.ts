import {
  digest,
  directory,
  file,
  kernelModuleNames,
  kernelModules,
  type Node,
  openFiles,
  section,
  swapOff,
  sysctls,
  sysctlValues,
  template,
  unit,
} from '../src/index.ts'

const MODULES = '/etc/modules-load.d/provision.conf'
const JOURNAL = '/etc/systemd/journald.conf.d/50-provision.conf'

/** Modules before settings: `net.bridge.*` exists only once br_netfilter is loaded. */
export const prepareKernel = section<Node>('Prepare the kernel', 'kernel', (node) => {
  const journal = template('etc/systemd/journald.conf.d/50-provision.conf')
  return [
    kernelModules({ file: MODULES, modules: kernelModuleNames(node) }, { title: 'kernel modules' }),
    sysctls(
      {
        file: '/etc/sysctl.d/99-k8s-network.conf',
        values: sysctlValues(node),
        comment: 'Kernel settings of a Kubernetes node.',
      },
      { title: 'kernel settings', after: [`modules:${MODULES}`] },
    ),
    ...(node.host.kernel.swap === 'off' ? [swapOff()] : []),
    openFiles({ count: node.host.kernel.openFiles }),
    directory({ path: '/etc/systemd/journald.conf.d' }),
    file({ path: JOURNAL, content: journal }),
    unit(
      { name: 'systemd-journald.service', restartOn: { config: digest(journal) } },
      { title: 'journal', after: [`file:${JOURNAL}`] },
    ),
  ]
})
