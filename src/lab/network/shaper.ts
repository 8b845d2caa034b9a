import { hardwareAddress } from '../identity.ts'
import type { Machine } from '../machine.ts'
import { mtuLine } from './lan.ts'
import { isShaped, linksOf, type MachineNetwork, type Wire } from './wire.ts'

/**
 * Delay, jitter, loss and rate are made by the machine's own kernel with netem, on its way out: this machine's kernel may
 * not have netem, and a delay made there would need a queue for each machine. A unit of the machine does it, so a reboot
 * keeps it.
 */
const SCRIPT = '/usr/local/lib/lab-network'
const UNIT = 'lab-network.service'

/** Exit code of `installScript` where the card takes this MTU only from the beginning: all is ready for the next start. */
export const NEEDS_POWER = 75

/** netem drops what does not fit: at a gigabit and 100 ms about 8000 packets are on their way. */
const LIMIT_PACKETS = 20_000

export interface Peer {
  readonly name: string
  readonly hardwareAddress: string
}

/** `sh` text for a machine that runs: puts its card into the wanted state, now and at each boot. */
export function installScript(machine: Machine, network: MachineNetwork, peers: readonly Peer[]): string {
  const shaping = shapingLines(machine.name, network, peers)
  return `set -eu
${CARD(hardwareAddress(machine))}
sed -i 's/^#*MTUBytes=.*/${mtuLine(machine.driver, network.mtu)}/' /etc/systemd/network/10-lan.network
if [ "$(cat /sys/class/net/$card/mtu)" != ${network.mtu} ]; then
  ip link set dev "$card" mtu ${network.mtu} || { sync; exit ${NEEDS_POWER}; }
fi
${shaping.length === 0 ? REMOVE : install(machine, shaping)}
sync`
}

/** Finds the card by its address: its name depends on the driver. Bridges and VLANs may have the same one, but no device. */
const CARD = (address: string) => `card=
for folder in /sys/class/net/*; do
  if [ -e "$folder/device" ] && [ "$(cat "$folder/address")" = ${address} ]; then card=\${folder##*/}; fi
done
[ -n "$card" ]`

const CLEAR = `tc qdisc del dev "$card" root 2>/dev/null || :
ip link set dev "$card" gso_max_segs 65535`

const REMOVE = `if [ -e ${SCRIPT} ]; then
  systemctl --quiet disable ${UNIT} 2>/dev/null
  rm -f ${SCRIPT} /etc/systemd/system/${UNIT}
  systemctl daemon-reload
  ${CLEAR.replaceAll('\n', '\n  ')}
fi`

function install(machine: Machine, shaping: readonly string[]): string {
  return `mkdir -p ${SCRIPT.replace(/\/[^/]+$/, '')}
cat > ${SCRIPT} <<'LAB'
#!/bin/sh
# Written by provision lab: what happens to packets of this machine. Change it in the inventory.
set -eu
udevadm settle
${CARD(hardwareAddress(machine))}
${CLEAR}
# Each packet by itself: many at once would get lost, or through, together.
ip link set dev "$card" gso_max_segs 1
${shaping.join('\n')}
LAB
chmod 0755 ${SCRIPT}
cat > /etc/systemd/system/${UNIT} <<'LAB'
[Unit]
Description=Delay, loss and rate of the lab's network
Before=network.target
[Service]
Type=oneshot
ExecStart=${SCRIPT}
[Install]
WantedBy=multi-user.target
LAB
systemctl daemon-reload
systemctl --quiet enable ${UNIT}
systemctl restart ${UNIT}`
}

/** Commands that shape what leaves `$card`; none where nothing is asked. */
export function shapingLines(name: string, network: MachineNetwork, peers: readonly Peer[]): readonly string[] {
  const { wan = {} } = network
  const links = linksOf(name, network).flatMap(([other, link]) => {
    const peer = peers.find((candidate) => candidate.name === other)
    return peer && netem(link) !== netem(wan) ? [{ link, address: peer.hardwareAddress }] : []
  })
  if (links.length === 0) {
    // Smaller packets pass a smaller MTU on the way only when they leave one by one.
    const bounded = wan.mtu !== undefined || linksOf(name, network).some(([, link]) => link.mtu !== undefined)
    return isShaped(wan) ? [`tc qdisc add dev "$card" root ${netem(wan)}`] : bounded ? [':'] : []
  }
  return [
    'tc qdisc add dev "$card" root handle 1: htb default 1',
    ...queue(1, wan),
    ...links.flatMap(({ link, address }, i) => [
      ...queue(i + 10, link),
      `tc filter add dev "$card" parent 1: bpf bytecode ${toAddress(address)} classid 1:${i + 10}`,
    ]),
  ]
}

/** htb only sorts: its own rate is one nobody reaches. Class numbers are read as hexadecimal, on both lines alike. */
function queue(minor: number, wire: Wire): readonly string[] {
  return [
    `tc class add dev "$card" parent 1: classid 1:${minor} htb rate 30gbit quantum 60000`,
    ...(isShaped(wire) ? [`tc qdisc add dev "$card" parent 1:${minor} ${netem(wire)}`] : []),
  ]
}

function netem({ delayMs = 0, jitterMs = 0, lossPercent = 0, rateKbit = 0 }: Wire): string {
  return [
    `netem limit ${LIMIT_PACKETS}`,
    ...(delayMs > 0 || jitterMs > 0 ? [`delay ${microseconds(delayMs)} ${microseconds(jitterMs)}`] : []),
    ...(lossPercent > 0 ? [`loss ${lossPercent}%`] : []),
    ...(rateKbit > 0 ? [`rate ${rateKbit}kbit`] : []),
  ].join(' ')
}

function microseconds(ms: number): string {
  return `${Math.round(ms * 1000)}us`
}

/** Classic BPF that holds for frames to that Ethernet address: load four bytes, compare, load two, compare. */
function toAddress(address: string): string {
  const hex = address.replaceAll(':', '')
  const high = Number.parseInt(hex.slice(0, 8), 16)
  const low = Number.parseInt(hex.slice(8), 16)
  return `'6,32 0 0 0,21 0 3 ${high},40 0 0 4,21 0 1 ${low},6 0 0 4294967295,6 0 0 0'`
}
