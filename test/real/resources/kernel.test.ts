import { sysctls } from '../../../src/resources/sysctls.ts'
import { resourceLaws } from '../../support/resource-laws.ts'

resourceLaws('sysctls', {
  arrange: 'printf "net.ipv4.ip_forward=0\\n" >/etc/sysctl.d/10-other.conf',
  want: () => [
    sysctls({
      file: '/etc/sysctl.d/99-k8s-network.conf',
      comment: 'Ports of NodePort services.\nKeep them.',
      values: {
        'net.ipv4.ip_forward': 1,
        'net.ipv4.ip_local_port_range': '10240 65535',
        'net.ipv4.ip_local_reserved_ports': '30000-32767,10250',
      },
    }),
  ],
  drifts: [
    {
      name: 'running',
      script: 'echo 0 >/proc/sys/net/ipv4/ip_forward',
      says: /"net.ipv4.ip_forward","from":"0","to":"1"/,
    },
    {
      name: 'two numbers',
      script: 'echo 32768 60999 >/proc/sys/net/ipv4/ip_local_port_range',
      says: /"from":"32768 60999","to":"10240 65535"/,
    },
    {
      name: 'fewer ports',
      script: 'echo 10250,30000-32000 >/proc/sys/net/ipv4/ip_local_reserved_ports',
      says: /"from":"10250,30000-32000"/,
    },
    { name: 'file', script: 'echo >>/etc/sysctl.d/99-k8s-network.conf', says: /99-k8s-network.conf content/ },
  ],
})
