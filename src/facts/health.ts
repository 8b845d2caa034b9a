import type { Fact } from '../core/fact.ts'
import { BIN_DIR } from './kubectl.ts'

export interface HealthAsk {
  readonly port: number
  /** Path of a health check, such as `/readyz`. */
  readonly path: string
}

/** Whether something on this host's loopback says with status 200 that it is well. */
export const health: Fact<HealthAsk, boolean> = {
  name: 'health',
  id: ({ port, path }) => `${port}${path}`,
  script: (asks) =>
    asks
      .map(
        (ask) =>
          `if ${healthScript(ask)}; then state=well; else state=; fi; printf '%s\\tstate\\t%s\\n' '${ask.port}${ask.path}' "$state"`,
      )
      .join('\n'),
  volatile: ['state'],
  parse: (lines) => lines[0]?.[1] === 'well',
}

/**
 * Shell that succeeds when it does: a command. By bash where there is one, for it is quick; else by kubectl, which every node has and
 * which asks any server for a path.
 */
export function healthScript({ port, path }: HealthAsk): string {
  return `{ if command -v bash >/dev/null; then timeout 3 bash -c 'exec 3<>/dev/tcp/127.0.0.1/${port} &&
printf "GET ${path} HTTP/1.0\\r\\n\\r\\n" >&3 && read -r line <&3 && case $line in *" 200 "*) : ;; *) exit 1 ;; esac'
else KUBECACHEDIR=/dev/null timeout 10 ${BIN_DIR}/kubectl --kubeconfig /dev/null --server http://127.0.0.1:${port} --request-timeout=3s get --raw ${path} >/dev/null; fi; } 2>/dev/null`
}
