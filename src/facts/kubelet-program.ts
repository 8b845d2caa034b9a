import { type Fact, probe } from '../core/fact.ts'
import { BIN_DIR } from './kubectl.ts'

/** Version of the kubelet that is installed, `v1.36.3`; undefined where there is none. Starts it: for when nothing else can tell. Ask: `version`. */
const kubeletProgram: Fact<'version', string | undefined> = {
  name: 'kubelet-program',
  costly: true,
  id: (ask) => ask,
  script: () =>
    `[ ! -x ${BIN_DIR}/kubelet ] || ${BIN_DIR}/kubelet --version 2>/dev/null | sed -n 's/^Kubernetes \\(v[0-9].*\\)$/version\tis\t\\1/p'`,
  parse: (lines) => lines[0]?.[1],
}

export const kubeletProgramProbe = probe(kubeletProgram, 'version')
