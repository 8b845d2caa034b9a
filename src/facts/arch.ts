import type { Fact } from '../core/fact.ts'

/** What `uname -m` says, in the words of Go, Kubernetes and container images. */
const NAMES: Readonly<Record<string, string>> = { x86_64: 'amd64', aarch64: 'arm64' }

/** The processor programs must be made for: `amd64`, `arm64`, or the kernel's own word for another. */
export const archFact: Fact<undefined, string> = {
  name: 'arch',
  id: () => 'host',
  script: () => `printf 'host\\t%s\\n' "$(uname -m)"`,
  parse([line]) {
    const machine = line?.[0] ?? ''
    return NAMES[machine] ?? machine
  },
}
