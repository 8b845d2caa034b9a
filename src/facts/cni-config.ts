import { type Fact, probe } from '../core/fact.ts'

/** Where the container runtime looks for the network of pods; it takes the first file by name. */
export const CNI_FOLDER = '/etc/cni/net.d'

export interface CniConfig {
  /** Names of all configurations, in the order the runtime takes them; those it does not read are left out. */
  readonly files: readonly string[]
  /** Bytes a pod's packet may have, as the first of them says. */
  readonly mtu?: number
}

/** Calico's plugin goes by this file where its configuration says 0. */
const CALICO_MTU = '/var/lib/calico/mtu'

/** Shell that prints the MTU of pods by a configuration; nothing where it has none. */
export function cniMtuScript(file: string): string {
  return `{ mtu=$(sed -n 's/.*"mtu": *\\([0-9][0-9]*\\).*/\\1/p' ${file} 2>/dev/null | head -n 1)
  [ "\${mtu:-0}" != 0 ] || mtu=$(cat ${CALICO_MTU} 2>/dev/null); }`
}

/** What the container runtime of this node takes for the network of pods. Ask: `config`. */
const cniConfig: Fact<'config', CniConfig> = {
  name: 'cni-config',
  id: () => 'config',
  script: () => `for file in ${CNI_FOLDER}/*.conf ${CNI_FOLDER}/*.conflist ${CNI_FOLDER}/*.json; do
  [ ! -f "$file" ] || printf '%s\\n' "\${file##*/}"
done | LC_ALL=C sort | { first=
  while IFS= read -r name; do
    first=\${first:-$name}
    printf 'config\\tfile\\t%s\\n' "$name"
  done
  [ -z "$first" ] || { ${cniMtuScript(`"${CNI_FOLDER}/$first"`)}
    [ -z "$mtu" ] || printf 'config\\tmtu\\t%s\\n' "$mtu"; }; }`,
  parse(lines) {
    const mtu = Number(lines.find(([field]) => field === 'mtu')?.[1])
    const files = lines.flatMap(([field, name = '']) => (field === 'file' ? [name] : []))
    return { files, ...(Number.isInteger(mtu) && mtu > 0 ? { mtu } : {}) }
  },
}

export const cniConfigProbe = probe(cniConfig, 'config')
