import type { Fact } from '../core/fact.ts'

/**
 * Which mode kube-proxy says it runs in; `undefined` when it does not answer on its metrics port. Ask: the port (10249).
 * `GET /proxyMode` answers with one word.
 */
export const proxyMode: Fact<number, string | undefined> = {
  name: 'proxy-mode',
  id: String,
  script: (ports) => ports.map((port) => `printf '${port}\\tmode\\t%s\\n' "$(${proxyModeScript(port)})"`).join('\n'),
  volatile: ['mode'],
  parse: (lines) => lines[0]?.[1] || undefined,
}

/** Shell that prints the mode kube-proxy says it runs in, or nothing. */
export function proxyModeScript(port: number): string {
  return `timeout 3 bash -c 'exec 3<>/dev/tcp/127.0.0.1/${port} &&
printf "GET /proxyMode HTTP/1.0\\r\\n\\r\\n" >&3 && cat <&3' 2>/dev/null | tail -n 1 | tr -d '\\r\\t'`
}
