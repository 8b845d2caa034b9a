import {
  controlPlaneImages,
  digest,
  directory,
  file,
  later,
  type Node,
  type Resource,
  RUNTIME_PROGRAMS,
  releasesOf,
  section,
  template,
  unit,
} from '../src/index.ts'
import { installPrograms, programDigests } from './artifacts.ts'

const CONFIG = '/etc/containerd/config.toml'
const UNIT = '/etc/systemd/system/containerd.service'

/** containerd 2.x with runc, the CNI plugins and crictl; configuration schema 3, systemd cgroups. */
export const installRuntime = section<Node>('Install the container runtime', 'runtime', (node) => {
  const config = template('etc/containerd/config.toml', {
    pauseImage: controlPlaneImages(releasesOf(node.inventory)).pause,
  })
  const service = template('etc/systemd/system/containerd.service', { openFiles: node.host.kernel.openFiles })
  const inputs = { config: digest(config), unit: digest(service) }
  const options = { title: 'containerd.service', after: [`file:${CONFIG}`, `file:${UNIT}`] as const }
  return [
    ...installPrograms(node, RUNTIME_PROGRAMS),
    directory({ path: '/etc/containerd' }),
    file({ path: CONFIG, content: config }),
    ...registryMirrors(node),
    file({ path: UNIT, content: service }),
    file({ path: '/etc/crictl.yaml', content: template('etc/crictl.yaml') }),
    later(
      'unit:containerd.service',
      programDigests(node, ['containerd']),
      (programs) =>
        unit(
          { name: 'containerd.service', enabled: true, active: true, restartOn: { ...programs, ...inputs } },
          options,
        ),
      options,
    ),
  ]
})

/** containerd reads these again for every pull: no restart. */
function registryMirrors({ inventory }: Node): readonly Resource[] {
  const folder = '/etc/containerd/certs.d'
  const mirrors = Object.entries(inventory.runtime.registryMirrors).flatMap(([registry, urls]) => [
    directory({ path: `${folder}/${registry}` }),
    file({
      path: `${folder}/${registry}/hosts.toml`,
      content: template('etc/containerd/hosts.toml', { server: `https://${registry}`, mirrors: urls }),
    }),
  ])
  return [directory({ path: folder }), ...mirrors]
}
