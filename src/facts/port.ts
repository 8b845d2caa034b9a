import type { Fact } from '../core/fact.ts'

export interface PortAsk {
  readonly protocol: 'tcp' | 'udp'
  readonly port: number
}

/**
 * Who listens on a port: names of processes, 15 characters at most. `kernel` where no process has the socket open: tunnels
 * and the NFS server listen so. Empty when the port is free.
 */
export type PortOwners = readonly string[]

/**
 * Listening sockets, from /proc/net/{tcp,udp}*: one grep for all ports. Only when one is taken are the open files of
 * processes searched for its socket.
 */
export const portOwners: Fact<PortAsk, PortOwners> = {
  name: 'port',
  id: ({ protocol, port }) => `${protocol}/${port}`,
  script: (asks) => `${LISTENERS}
${(['tcp', 'udp'] as const)
  .map((protocol) => {
    const ports = asks.filter((ask) => ask.protocol === protocol)
    return ports.length === 0 ? ':' : `listeners ${protocol} ${ports.map(({ port }) => hex(port)).join(' ')}`
  })
  .join('\n')}
owners`,
  parse: (lines) => [...new Set(lines.map(([owner = 'kernel']) => owner))].sort(),
}

function hex(port: number): string {
  return port.toString(16).toUpperCase().padStart(4, '0')
}

/** State 0A is a listening TCP socket, 07 an unconnected UDP one (Documentation/networking/proc_net_tcp). */
const LISTENERS = `taken=
listeners() {
protocol=$1 state=0A
[ "$protocol" = tcp ] || state=07
shift
ports=$*
while [ $# -gt 1 ]; do a=$1 b=$2; shift 2; set -- "$a|$b" "$@"; done
lines=$(grep -h -E "^ *[0-9]+: [0-9A-F]+:($1) [0-9A-F]+:0000 $state " "/proc/net/$protocol" "/proc/net/\${protocol}6" 2>/dev/null)
while read -r slot local remote st queues timer retransmits uid timeout inode rest; do
[ -z "$slot" ] || taken="$taken $protocol/$((0x\${local##*:})):$inode"
done <<LINES
$lines
LINES
}
owners() {
[ -n "$taken" ] || return 0
wanted=
for socket in $taken; do wanted="$wanted
socket:[\${socket##*:}]"; done
ls -l /proc/[0-9]*/fd 2>/dev/null | grep -F -e '/proc/' -e "\${wanted#?}" | {
while IFS= read -r line; do
case $line in
/proc/*) folder=\${line%/fd:} ;;
*) own "\${line##*'socket:['}" ;;
esac
done
for socket in $taken; do printf '%s\\tkernel\\n' "\${socket%:*}"; done
}
}
own() {
left=
for socket in $taken; do
case "\${socket##*:}]" in
"$1") read -r name <"$folder/comm"; printf '%s\\t%s\\n' "\${socket%:*}" "$name" ;;
*) left="$left $socket" ;;
esac
done
taken=$left
}`
