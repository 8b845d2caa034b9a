import { IPVS_CARD } from '../catalog/proxy-rules.ts'
import { quote } from '../core/quote.ts'

/**
 * Deletes virtual servers named on stdin, `TCP 0A600001 01BB` each, by the kernel's own call (IP_VS_SO_SET_DEL of
 * linux/ip_vs.h): neither hosts nor kube-proxy's image have ipvsadm. One that is gone already is fine.
 */
const PERL = `use Socket; use Errno qw(ESRCH);
my %number = (TCP => 6, UDP => 17, SCTP => 132);
socket(my $kernel, PF_INET, SOCK_RAW, 255) or die "no raw socket: $!\\n";
while (<STDIN>) {
  my ($protocol, $address, $port) = split;
  my $server = pack "S x2 a4 n x2 L a16 L L L", $number{$protocol}, pack("H8", $address), hex $port, 0, "", 0, 0, 0;
  setsockopt($kernel, 0, 1156, $server) or $!{ESRCH} or die "$protocol $address:$port: $!\\n";
}`

const PYTHON = `import errno, socket, struct, sys
kernel = socket.socket(socket.AF_INET, socket.SOCK_RAW, 255)
for line in sys.stdin:
    protocol, address, port = line.split()
    number = {"TCP": 6, "UDP": 17, "SCTP": 132}[protocol]
    server = struct.pack("=H2x4s2s2xI16sIII", number, bytes.fromhex(address), bytes.fromhex(port), 0, b"", 0, 0, 0)
    try:
        kernel.setsockopt(0, 1156, server)
    except OSError as failure:
        if failure.errno != errno.ESRCH:
            raise`

/**
 * Shell that removes what mode ipvs has made of services: first the virtual servers at the addresses of its card and at node
 * ports, then the card itself, by which they are known. Others' virtual servers stay.
 */
export const REMOVE_IPVS = `hex() { while IFS=. read -r a b c d; do printf '%02X%02X%02X%02X ' "$a" "$b" "$c" "$d"; done; }
addresses() { ip -o -4 address show "$@" | sed -n 's/.* inet \\([0-9.]*\\)[/ ].*/\\1/p' | hex; }
own_servers() {
  services=" $(addresses dev ${IPVS_CARD})" locals=" $(addresses)"
  while read -r protocol server rest; do
    case $protocol in TCP | UDP | SCTP) ;; *) continue ;; esac
    address=\${server%:*} port=\${server##*:}
    case $services in *" $address "*) printf '%s %s %s\\n' "$protocol" "$address" "$port"; continue ;; esac
    case $locals in *" $address "*) ;; *) continue ;; esac
    number=$((0x$port))
    if [ "$number" -ge 30000 ] && [ "$number" -le 32767 ]; then printf '%s %s %s\\n' "$protocol" "$address" "$port"; fi
  done </proc/net/ip_vs
}
delete_servers() {
  if command -v perl >/dev/null 2>&1; then perl -e ${quote(PERL)}; return; fi
  for python in python3 /usr/libexec/platform-python; do
    command -v "$python" >/dev/null 2>&1 || continue
    "$python" -c ${quote(PYTHON)}; return
  done
  printf 'virtual servers of IPVS are left over, and there is neither perl nor python3 to delete them: install one\\n'
  return 1
}
if [ -e /sys/class/net/${IPVS_CARD} ]; then
  command -v ip >/dev/null 2>&1 || { printf 'the card ${IPVS_CARD} is left over, and there is no ip: install iproute2\\n'; exit 1; }
  servers=''
  [ ! -e /proc/net/ip_vs ] || servers=$(own_servers)
  [ -z "$servers" ] || printf '%s\\n' "$servers" | delete_servers || exit 1
  ip link delete ${IPVS_CARD} || exit 1
fi`
