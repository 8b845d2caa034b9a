import { createHash, randomBytes } from 'node:crypto'
import { chmod, readFile, rename, stat } from 'node:fs/promises'
import { dirname } from 'node:path'
import type { InjectedFile } from './disk/machine-disk.ts'
import { must } from './local/command.ts'
import type { HostKey, Place } from './machine.ts'

/** Makes an ed25519 key pair at `path` and `path.pub`, unless it is there. */
export async function ensureKey(path: string, comment: string): Promise<void> {
  if (
    await stat(path).then(
      () => true,
      () => false,
    )
  )
    return
  const part = `${path}.${randomBytes(4).toString('hex')}`
  await must(['ssh-keygen', '-q', '-t', 'ed25519', '-N', '', '-C', comment, '-f', part], { deadlineMs: 30_000 })
  await chmod(part, 0o600)
  await rename(`${part}.pub`, `${path}.pub`)
  await rename(part, path) // last: its presence says the pair is complete
}

export async function hostKey(path: string, name: string): Promise<HostKey> {
  await ensureKey(path, `lab machine ${name}`)
  const line = await readFile(`${path}.pub`, 'utf8')
  return { privateFile: path, publicFile: `${path}.pub`, fingerprint: fingerprint(line) }
}

/** `SHA256:…` of one line of a public key file, as ssh prints it. */
export function fingerprint(publicKeyLine: string): string {
  const blob = Buffer.from(publicKeyLine.split(' ')[1] ?? '', 'base64')
  return `SHA256:${createHash('sha256').update(blob).digest('base64').replace(/=+$/, '')}`
}

export function newMachineId(): string {
  return randomBytes(16).toString('hex')
}

/** Locally administered address, the same for a machine as long as its folder is the same. */
export function hardwareAddress(place: Pick<Place, 'folder'>): string {
  const hex = createHash('sha256').update(dirname(place.folder)).update(place.folder).digest('hex')
  return ['02', ...(hex.slice(0, 10).match(/../g) ?? [])].join(':')
}

/** The first account a Debian system makes. */
const OPS = { uid: 1000, gid: 1000 } as const

/** What makes a copy of the base root one machine: name, ids, keys. */
export async function identityFiles(name: string, place: Place): Promise<InjectedFile[]> {
  const [privateKey, publicKey] = await Promise.all([
    readFile(place.hostKey.privateFile, 'utf8'),
    readFile(place.hostKey.publicFile, 'utf8'),
  ])
  return [
    { path: '/etc/hostname', content: `${name}\n`, mode: 0o644 },
    { path: '/etc/hosts', content: hostsFile(name), mode: 0o644 },
    // Whoever looks around in a lab wants to see its cluster.
    { path: '/etc/environment', content: 'KUBECONFIG=/etc/kubernetes/admin.conf\n', mode: 0o644 },
    { path: '/etc/machine-id', content: `${place.machineId}\n`, mode: 0o444 },
    { path: '/etc/ssh/ssh_host_ed25519_key', content: privateKey, mode: 0o600 },
    { path: '/etc/ssh/ssh_host_ed25519_key.pub', content: publicKey, mode: 0o644 },
    { path: '/root/.ssh/authorized_keys', content: place.authorizedKeys, mode: 0o600 },
    { path: '/home/ops/.ssh/authorized_keys', content: place.authorizedKeys, mode: 0o600, ...OPS },
  ]
}

function hostsFile(name: string): string {
  return `127.0.0.1\tlocalhost\n127.0.1.1\t${name}\n::1\tlocalhost ip6-localhost ip6-loopback\n`
}
