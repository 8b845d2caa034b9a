import { type Fact, probe } from '../core/fact.ts'

/** Where the kubelet of this machine finds its API server; undefined when it is part of no cluster. */
const kubeletServer: Fact<'kubelet', string | undefined> = {
  name: 'kubelet-server',
  id: () => 'kubelet',
  script: () =>
    `sed -n 's/^ *server: */kubelet	server	/p' /etc/kubernetes/kubelet.conf 2>/dev/null
:`,
  parse: (lines) => lines[0]?.[1],
}

export const kubeletServerProbe = probe(kubeletServer, 'kubelet')
