import { readFile, writeFile } from 'node:fs/promises'
import { argv as words } from '../core/quote.ts'
import type { Machine } from './machine.ts'

/** Argument list of the system's ssh that logs in to the machine, checking the host key we gave it. */
export function sshArgv(machine: Machine, knownHosts: string, user: string = machine.user): string[] {
  const options: Record<string, string> = {
    IdentitiesOnly: 'yes',
    UserKnownHostsFile: knownHosts,
    GlobalKnownHostsFile: '/dev/null',
    StrictHostKeyChecking: 'yes',
    HostKeyAlias: machine.name,
    HostKeyAlgorithms: 'ssh-ed25519',
    ...(machine.proxyCommand ? { ProxyCommand: words(machine.proxyCommand) } : {}),
  }
  const flags = Object.entries(options).flatMap(([name, value]) => ['-o', `${name}=${value}`])
  // The user's own configuration may name jump hosts or agents for these addresses: it is not read.
  return [
    'ssh',
    '-F',
    '/dev/null',
    '-i',
    machine.identityFile,
    '-p',
    String(machine.port),
    ...flags,
    `${user}@${machine.address}`,
  ]
}

/** Writes `known_hosts` with every machine under its own name. */
export async function writeKnownHosts(path: string, machines: readonly Machine[]): Promise<void> {
  const lines = await Promise.all(
    machines.map(async ({ name, folder }) => {
      const [type, key] = (await readFile(publicHostKey(folder), 'utf8')).split(' ')
      return `${name} ${type} ${key}\n`
    }),
  )
  await writeFile(path, lines.join(''), { mode: 0o600 })
}

export function privateHostKey(folder: string): string {
  return `${folder}/ssh_host_ed25519_key`
}

function publicHostKey(folder: string): string {
  return `${privateHostKey(folder)}.pub`
}
