import { type Fact, probe } from '../core/fact.ts'

const FOLDER = '/etc/kubernetes/manifests'

/** Tags of the images that this host's static pods are to run, by name: `kube-apiserver` → `v1.36.3`. Empty on a worker. Ask: `tags`. */
const controlPlaneImagesFact: Fact<'tags', ReadonlyMap<string, string>> = {
  name: 'control-plane-images',
  id: (ask) => ask,
  script: () => `for f in ${FOLDER}/*.yaml; do
  [ ! -r "$f" ] || sed -n 's|^ *image: *.*/\\([a-z-]*\\):\\([^ ]*\\)$|tags\t\\1\t\\2|p' "$f"
done`,
  parse: (lines) => new Map(lines.map(([name = '', tag = '']) => [name, tag])),
}

export const controlPlaneImagesProbe = probe(controlPlaneImagesFact, 'tags')
