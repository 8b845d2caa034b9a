import { kernelModules } from '../../../src/resources/kernel-modules.ts'
import { openFiles } from '../../../src/resources/open-files.ts'
import { swapOff } from '../../../src/resources/swap-off.ts'
import { sysctls } from '../../../src/resources/sysctls.ts'
import { resourceLaws } from '../../support/resource-laws.ts'
import { SystemdHost } from '../../support/systemd-host.ts'

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

/** A kernel made of files, with a modprobe that fills them in: the real one is met in machine.test.ts. */
const paperKernel = `lists=/lib/modules/$(uname -r)
mkdir -p "$lists"
printf '%s\\n' kernel/net/bridge/br_netfilter.ko.xz: kernel/net/ip_vs/ip-vs.ko: 'kernel/net/ip_vs/ip_vs_rr.ko.zst: kernel/net/ip_vs/ip_vs.ko' \\
  kernel/net/not_ip_vs_wrr.ko: kernel/net/nf_conntrack_ipv4.ko: >"$lists/modules.dep"
printf 'kernel/fs/overlayfs/overlay.ko\\n' >"$lists/modules.builtin"
mount -t tmpfs -o mode=0755 lab /sys/module
mkdir /sys/module/with_parameters
cat >/usr/local/sbin/modprobe <<'END'
#!/bin/sh
for name; do
  case $name in -*) continue ;; esac
  name=$(printf %s "$name" | tr - _)
  mkdir -p "/sys/module/$name" && printf 'live\\n' >"/sys/module/$name/initstate"
done
END
chmod 0755 /usr/local/sbin/modprobe`

resourceLaws('kernel-modules', {
  arrange: paperKernel,
  want: () => [
    kernelModules({
      file: '/etc/modules-load.d/k8s.conf',
      modules: [
        'overlay',
        'with-parameters',
        'br_netfilter',
        'ip_vs',
        'ip-vs-rr',
        ['nf_conntrack', 'nf_conntrack_ipv4'],
      ],
    }),
  ],
  drifts: [
    { name: 'unloaded', script: 'rm -r /sys/module/ip_vs_rr', says: /"what":"ip-vs-rr","from":"not loaded"/ },
    { name: 'not at boot', script: 'rm /etc/modules-load.d/k8s.conf', says: /"from":"absent".*nf_conntrack_ipv4/ },
  ],
})

resourceLaws('swap-off', {
  arrange: `mount --bind /dev/null /proc/swaps
printf '# /dev/sdx none swap sw 0 0\\nUUID=1 / ext4 defaults 0 1\\n\\t/swapfile  none\\tswap sw 0 0\\n/dev/sdb1 /swap ext4 x 0 0\\n' >/etc/fstab
mkdir -p /etc/systemd/system/multi-user.target.wants
printf '[zram0]\\n' >/usr/lib/systemd/zram-generator.conf`,
  want: () => [swapOff()],
  drifts: [
    { name: 'fstab', script: "printf '/dev/sdc none swap sw\\n' >>/etc/fstab", says: /\/dev\/sdc/ },
    { name: 'zram', script: "printf '[zram1]\\n' >/etc/systemd/zram-generator.conf", says: /makes swap at boot/ },
  ],
})

resourceLaws('open-files', {
  start: (shell) => SystemdHost.start(shell),
  want: () => [openFiles({ count: 65_536 })],
  drifts: [
    {
      name: 'systemd reads another file too',
      script:
        'printf "[Manager]\\nDefaultLimitNOFILE=4096\\n" >/etc/systemd/system.conf.d/50-provision.conf; systemctl daemon-reexec',
      says: /"from":"4096","to":"65536"/,
    },
    { name: 'logins', script: 'rm /etc/security/limits.d/50-provision.conf', says: /limits.d.*absent/ },
  ],
})
