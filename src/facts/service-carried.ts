import { NFT_TABLE, type ProxyMode } from '../catalog/proxy-rules.ts'

/**
 * Shell test (a command list, after `IN_PROXY` and a `find_proxy` that succeeded): whether the kernel has what kube-proxy in
 * this mode makes of a service at an IPv4 address with TCP port 443.
 */
export function serviceCarried(mode: ProxyMode, address: string): string {
  const pattern = address.replaceAll('.', '[.]')
  if (mode === 'ipvs') return `grep -q ' ${hexAddress(address)}:01BB ' /proc/net/ip_vs`
  if (mode === 'iptables')
    return `in_proxy iptables-save -t nat | grep -q -e '^-A KUBE-SERVICES -d ${pattern}/32 .* -j KUBE-SVC-'`
  return `in_proxy nft list map ip ${NFT_TABLE} service-ips | grep -q -e '[ \t]${pattern} [.] tcp [.] 443 .*goto service-'`
}

/** /proc/net/ip_vs writes addresses as eight hexadecimal digits. */
export function hexAddress(address: string): string {
  return address
    .split('.')
    .map((part) => Number(part).toString(16).padStart(2, '0'))
    .join('')
    .toUpperCase()
}
