/** Packages of the distribution that a playbook installs. */
const INSTALLED_LATER = ['haproxy', 'keepalived']

/**
 * Makes the installed root one that any number of machines can be copied from: nothing in it names a machine, nobody
 * can log in yet. Run by mmdebstrap with the root's path as its argument.
 */
export const CUSTOMISE = `#!/bin/sh
set -eu
root=$1

# A machine gets its own identity when it is made.
rm -f "$root"/etc/ssh/ssh_host_* "$root"/etc/hostname "$root"/etc/hosts "$root"/etc/resolv.conf
: > "$root/etc/machine-id"
rm -f "$root/var/lib/dbus/machine-id"

chroot "$root" useradd --create-home --shell /bin/bash ops
printf 'ops ALL=(ALL:ALL) NOPASSWD: ALL\\n' > "$root/etc/sudoers.d/ops"
chmod 0440 "$root/etc/sudoers.d/ops"
mkdir -p "$root/root/.ssh" "$root/home/ops/.ssh"
chmod 0700 "$root/root/.ssh" "$root/home/ops/.ssh"
chroot "$root" chown ops:ops /home/ops/.ssh

# Tests open many connections and some of them fail on purpose.
cat > "$root/etc/ssh/sshd_config.d/lab.conf" <<'END'
UseDNS no
PerSourcePenalties no
MaxStartups 200:30:400
END

# Addresses are fixed and belong to us; routes and rules of a pod network belong to that.
mkdir -p "$root/etc/systemd/networkd.conf.d"
cat > "$root/etc/systemd/networkd.conf.d/lab.conf" <<'END'
[Network]
ManageForeignRoutes=no
ManageForeignRoutingPolicyRules=no
END
chroot "$root" systemctl enable systemd-networkd.service

# There is no keyboard and no way out of the lab.
for unit in getty@.service serial-getty@.service console-getty.service apt-daily.timer apt-daily-upgrade.timer; do
  ln -sf /dev/null "$root/etc/systemd/system/$unit"
done

# kubelet reads the clock rate from /proc/cpuinfo; a user-mode kernel does not print one. Only the lab does this.
cat > "$root/usr/lib/systemd/system/lab-cpuinfo.service" <<'END'
[Unit]
Description=Give /proc/cpuinfo a clock rate where the kernel has none
DefaultDependencies=no
After=local-fs.target
Before=sysinit.target
[Service]
Type=oneshot
RemainAfterExit=yes
ExecStart=/usr/lib/lab/cpuinfo
[Install]
WantedBy=sysinit.target
END
mkdir -p "$root/usr/lib/lab"
cat > "$root/usr/lib/lab/cpuinfo" <<'END'
#!/bin/sh
set -eu
grep -q '^cpu MHz' /proc/cpuinfo && exit 0
umask 022
awk '/^processor/ { print; print "cpu MHz\\t\\t: 2000.000"; next } { print }' /proc/cpuinfo > /run/lab-cpuinfo
mount --bind /run/lab-cpuinfo /proc/cpuinfo
END
chmod 0755 "$root/usr/lib/lab/cpuinfo"
chroot "$root" systemctl enable lab-cpuinfo.service

# No machine can reach a mirror: what one may come to install lies in it, with all it needs, as a source of packages.
depot=/usr/share/lab/packages
mkdir -p "$root$depot"
rm -f "$root"/var/cache/apt/archives/*.deb
APT_CONFIG=$MMDEBSTRAP_APT_CONFIG apt-get -y --no-install-recommends --download-only install ${INSTALLED_LATER.join(' ')}
mv "$root"/var/cache/apt/archives/*.deb "$root$depot/"
for deb in "$root$depot"/*.deb; do
  dpkg-deb -f "$deb"
  printf 'Filename: ./%s\\nSize: %s\\nSHA256: %s\\n\\n' "\${deb##*/}" "$(stat -c %s "$deb")" "$(sha256sum < "$deb" | cut -d ' ' -f 1)"
done > "$root$depot/Packages"
rm -f "$root"/etc/apt/sources.list.d/*
printf 'deb [trusted=yes] file:%s ./\\n' "$depot" > "$root/etc/apt/sources.list"
rm -rf "$root"/var/log/*.log "$root"/var/log/apt "$root"/var/cache/apt/*.bin
`
