import { proxyModeScript } from '../../src/facts/proxy-mode.ts'

/** Objects of the bench live in a namespace of their own, and go with it. */
export const NAMESPACE = 'bench-proxy'

const KUBECTL = '/usr/local/bin/kubectl --kubeconfig /etc/kubernetes/admin.conf'

/** Address of the n-th Service, inside 10.96.0.0/12. */
function addressOf(n: number): string {
  return `10.100.${Math.floor(n / 250)}.${(n % 250) + 1}`
}

/**
 * Perl: `connect ADDRESS` waits until a connection to port 80 succeeds and prints how long that took, in seconds;
 * `time ADDRESS N` prints how long each of N new connections took, in microseconds, one a line.
 */
const CLIENT = `use Socket; use Time::HiRes qw(time sleep); use Fcntl;
my ($do, $address, $count) = @ARGV;
my $to = pack_sockaddr_in(80, inet_aton($address));
sub once { my $wait = shift;
  socket(my $s, PF_INET, SOCK_STREAM, 0) or die; fcntl($s, F_SETFL, O_NONBLOCK) if $wait;
  return 1 if connect($s, $to); return 0 unless $wait;
  my $v = ""; vec($v, fileno($s), 1) = 1; select(undef, $v, undef, $wait) or return 0;
  return unpack("i", getsockopt($s, SOL_SOCKET, SO_ERROR)) == 0;
}
my $begin = time;
if ($do eq "connect") { until (once(0.2)) { die "never\\n" if time - $begin > 900; sleep 0.02 } printf "%.3f\\n", time - $begin; exit }
for (1 .. $count) { my $from = time; once(0) or die "connect: $!\\n"; printf "%.0f\\n", 1e6 * (time - $from) }`

/** Makes the machine ready: the client, an empty namespace. */
export const PREPARE = `cat >/root/bench-client.pl <<'PERL'
${CLIENT}
PERL
${KUBECTL} get namespace ${NAMESPACE} >/dev/null 2>&1 || ${KUBECTL} create namespace ${NAMESPACE}`

/** Every Service goes, and with them all rules. */
export const REMOVE = `${KUBECTL} delete namespace ${NAMESPACE} --ignore-not-found --wait=true --timeout=1200s`

/** Processor seconds of kube-proxy and what it started, so far. */
const CPU = `cpu() { for comm in $(grep -l -s -x kube-proxy /proc/[0-9]*/comm); do
  awk -v hz="$(getconf CLK_TCK)" '{ sub(/.*\\) /, ""); printf "%.2f\\n", ($12 + $13 + $14 + $15) / hz }' "\${comm%comm}stat"; return; done; }`

/** Services \`from\` to \`to\`, each with one endpoint that listens: the API server's own. */
function manifest(from: number, to: number): string {
  return `node=$(${KUBECTL} get endpointslice kubernetes -o 'jsonpath={.endpoints[0].addresses[0]}')
n=${from}
while [ "$n" -lt ${to} ]; do
  address=10.100.$((n / 250)).$((n % 250 + 1))
  printf -- '---\\n{"apiVersion":"v1","kind":"Service","metadata":{"name":"s%s","namespace":"${NAMESPACE}"},"spec":{"clusterIP":"%s","ports":[{"port":80,"targetPort":6443}]}}\\n' "$n" "$address"
  printf -- '---\\n{"apiVersion":"discovery.k8s.io/v1","kind":"EndpointSlice","metadata":{"name":"s%s","namespace":"${NAMESPACE}","labels":{"kubernetes.io/service-name":"s%s"}},"addressType":"IPv4","ports":[{"port":6443,"protocol":"TCP"}],"endpoints":[{"addresses":["%s"],"conditions":{"ready":true}}]}\\n' "$n" "$n" "$node"
  n=$((n + 1))
done >/root/bench-services.yaml`
}

/** Shell that makes Services up to \`to\` and prints \`created S\`, \`programmed S\`, \`cpu S\` (seconds). */
export function growTo(from: number, to: number): string {
  return `${CPU}
${manifest(from, to)}
before=$(cpu); read -r begin rest </proc/uptime
${KUBECTL} create -f /root/bench-services.yaml >/dev/null || exit 1
read -r made rest </proc/uptime
perl /root/bench-client.pl connect ${addressOf(to - 1)} >/dev/null || exit 1
read -r done rest </proc/uptime
awk -v a="$begin" -v b="$made" -v c="$done" -v d="$before" -v e="$(cpu)" 'BEGIN { printf "created %.2f\\nprogrammed %.2f\\ncpu %.2f\\n", b - a, c - b, e - d }'`
}

/** Shell that adds one Service to \`n\`, times it until it answers, and takes it away: \`one S\` and \`one-cpu S\`. */
export function oneMore(n: number): string {
  return `${CPU}
${manifest(n, n + 1)}
before=$(cpu)
${KUBECTL} create -f /root/bench-services.yaml >/dev/null || exit 1
printf 'one %s\\n' "$(perl /root/bench-client.pl connect ${addressOf(n)})"
sleep 3
awk -v d="$before" -v e="$(cpu)" 'BEGIN { printf "one-cpu %.2f\\n", e - d }'
${KUBECTL} delete -f /root/bench-services.yaml --wait=true >/dev/null`
}

/** Shell that prints how long each of \`count\` new connections to the last of \`n\` Services took, in microseconds. */
export function connections(n: number, count: number): string {
  return `perl /root/bench-client.pl time ${addressOf(n - 1)} ${count}`
}

/** Shell that prints the mode kube-proxy is in. */
export const MODE = proxyModeScript(10249)
