/**
 * Shell that defines `find_proxy` (is there a kube-proxy that works on this very network?) and `in_proxy PROGRAM ARG…`, which
 * runs a program of kube-proxy's image among its files. Hosts need not have iptables, ipset or nft, and of the two kinds of
 * iptables it is the one kube-proxy uses. The image has its programs where ours may not look: the usual places are added to PATH.
 */
export const IN_PROXY = `PATH=$PATH:/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin; export PATH
proxy=''
find_proxy() {
  for comm in $(grep -l -s -x kube-proxy /proc/[0-9]*/comm); do
    if [ "\${comm%comm}ns/net" -ef /proc/self/ns/net ]; then proxy=\${comm#/proc/} proxy=\${proxy%/comm}; return 0; fi
  done
  return 1
}
in_proxy() { nsenter -t "$proxy" -m -- "$@" 2>/dev/null; }`
