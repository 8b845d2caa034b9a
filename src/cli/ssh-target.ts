import { join } from 'node:path'
import type { Connect } from '../core/host.ts'
import type { Host, Ssh } from '../inventory/inventory.ts'
import type { Secret } from '../inventory/secret.ts'
import { connector } from '../transport/connect.ts'
import { resolveJump, resolveSshHost, type SshSettings, type SshWorld } from '../transport/ssh-config.ts'
import { readConfigFiles } from '../transport/ssh-config-files.ts'
import { expandTokens, tokenValues } from '../transport/ssh-tokens.ts'
import type { HostKeyPolicy, SshTarget } from '../transport/target.ts'
import type { ConnectOptions } from './parts.ts'

type Become = SshTarget['become']

/** Opens sessions to these hosts. */
export function connectTo(hosts: readonly Host[], options: ConnectOptions): Connect {
  const targets = new Map(hosts.map((host) => [host.name, sshTarget(host, options)]))
  const target = (name: string) => {
    const found = targets.get(name)
    if (!found) throw new Error(`${name} is not among the hosts of this run`)
    return found
  }
  const onWait = (host: string, text: string) =>
    options.report({ type: 'waiting', host, for: text.replace(/^waiting for /, '') })
  const ask = options.askHostKey ? { askHostKey: options.askHostKey } : {}
  return connector(target, { ...ask, lock: { onWait } })
}

/** Where and how ssh goes: what the inventory says, then what ~/.ssh/config says of the name, then defaults. */
export function sshTarget(host: Host, options: ConnectOptions): SshTarget {
  const world = sshWorld(host, options)
  const { ssh } = host
  const settings = resolveSshHost(host.address ?? host.name, world, {
    ...(ssh.user === undefined ? {} : { user: ssh.user }),
    ...(ssh.port === undefined ? {} : { port: ssh.port }),
  })
  const { proxyCommand: _ours, jumps: _hops, ...rest } = settings
  return {
    ...rest,
    ...given(ssh),
    ...wayOf(ssh, settings, world, options),
    name: host.name,
    hostKeyPolicy: policyOf(ssh.hostKeyChecking ?? settings.hostKeyPolicy, options),
    ...revealed('password', ssh.password),
    ...revealed('passphrase', ssh.passphrase),
    become: becomeOf(host),
  }
}

function sshWorld({ lab }: Host, { world: { home, user, env } }: ConnectOptions): SshWorld {
  const agent = env.SSH_AUTH_SOCK
  return {
    home,
    localUser: user,
    // Lab machines have addresses of their own world: what is written for these addresses elsewhere does not hold for them.
    configFiles: lab ? [] : [join(home, '.ssh', 'config'), '/etc/ssh/ssh_config'],
    read: readConfigFiles,
    ...(agent === undefined || agent === '' || lab ? {} : { agent }),
  }
}

/** What the inventory says itself. */
function given(ssh: Ssh): Partial<SshTarget> {
  return {
    ...(ssh.identityFile === undefined ? {} : { identityFiles: [ssh.identityFile], identitiesOnly: true }),
    ...(ssh.hostKeys === undefined ? {} : { hostKeys: ssh.hostKeys }),
    ...(ssh.knownHostsFile === undefined ? {} : { knownHostsFiles: [ssh.knownHostsFile] }),
    ...(ssh.keepAliveSeconds === undefined ? {} : { keepAliveMs: ssh.keepAliveSeconds * 1000 }),
  }
}

/** Through which hosts or command. The inventory's word counts whole: its jump host replaces a proxy command of the file. */
function wayOf(ssh: Ssh, settings: SshSettings, world: SshWorld, options: ConnectOptions): Partial<SshTarget> {
  const hop = (jump: SshSettings): SshTarget => ({
    ...jump,
    jumps: [],
    hostKeyPolicy: policyOf(jump.hostKeyPolicy, options),
    become: { method: 'none' },
  })
  if (ssh.proxyCommand !== undefined && ssh.proxyCommand !== 'none') {
    const { name: alias, address, port, user } = settings
    const values = tokenValues({ alias, address, port, user, home: world.home, localUser: world.localUser })
    return { proxyCommand: expandTokens(ssh.proxyCommand, values) }
  }
  if (ssh.proxyJump === 'none' || ssh.proxyCommand === 'none') return {}
  if (ssh.proxyJump !== undefined) {
    const hops = typeof ssh.proxyJump === 'string' ? ssh.proxyJump.split(',') : ssh.proxyJump
    return { jumps: hops.map((text) => hop(resolveJump(text.trim(), world))) }
  }
  return {
    ...(settings.proxyCommand === undefined ? {} : { proxyCommand: settings.proxyCommand }),
    ...(settings.jumps.length === 0 ? {} : { jumps: settings.jumps.map(hop) }),
  }
}

/** Where nobody can be asked, a question is a no. */
function policyOf(wanted: HostKeyPolicy, { acceptNewHostKeys, askHostKey }: ConnectOptions): HostKeyPolicy {
  if (wanted === 'strict') return 'strict'
  if (acceptNewHostKeys || wanted === 'accept-new') return 'accept-new'
  return askHostKey ? 'ask' : 'strict'
}

function becomeOf({ become }: Host): Become {
  return { method: become.method, ...revealed('password', become.password) }
}

function revealed<Name extends string>(
  name: Name,
  secret: Secret | undefined,
): { [name in Name]?: () => Promise<string> } {
  return secret === undefined ? {} : ({ [name]: () => secret.reveal() } as { [name in Name]: () => Promise<string> })
}
