import { join } from 'node:path'
import type { Host } from '../inventory/inventory.ts'
import type { SshTarget } from '../transport/target.ts'
import type { ConnectOptions } from './parts.ts'

/** Where and how ssh goes: what the inventory says, then defaults. */
export function sshTarget(host: Host, { world, acceptNewHostKeys, askHostKey }: ConnectOptions): SshTarget {
  const { ssh, become } = host
  const { home, env, user } = world
  const key = (name: string) => join(home, '.ssh', name)
  const agent = env['SSH_AUTH_SOCK']
  const checking = ssh.hostKeyChecking ?? (askHostKey ? 'ask' : 'strict')
  return {
    name: host.name,
    address: host.address ?? host.name,
    port: ssh.port ?? 22,
    user: ssh.user ?? user,
    identityFiles: ssh.identityFile === undefined ? [key('id_ed25519'), key('id_ecdsa'), key('id_rsa')] : [ssh.identityFile],
    ...(ssh.identityFile === undefined ? {} : { identitiesOnly: true }),
    ...(agent ? { agent } : {}),
    ...(ssh.password ? { password: () => reveal(ssh.password) } : {}),
    ...(ssh.passphrase ? { passphrase: () => reveal(ssh.passphrase) } : {}),
    ...(ssh.hostKeys ? { hostKeys: ssh.hostKeys } : {}),
    hostKeyPolicy: checking !== 'strict' && acceptNewHostKeys ? 'accept-new' : checking,
    knownHostsFiles: ssh.knownHostsFile === undefined ? [key('known_hosts'), '/etc/ssh/ssh_known_hosts'] : [ssh.knownHostsFile],
    ...(ssh.proxyCommand === undefined || ssh.proxyCommand === 'none' ? {} : { proxyCommand: expand(ssh.proxyCommand, host) }),
    ...(ssh.keepAliveSeconds === undefined ? {} : { keepAliveMs: ssh.keepAliveSeconds * 1000 }),
    become: { method: become.method, ...(become.password ? { password: () => reveal(become.password) } : {}) },
  }
}
