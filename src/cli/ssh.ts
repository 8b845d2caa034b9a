import { spawn } from 'node:child_process'
import { EXIT, type ExitCode, FailedError, InputError } from '../core/errors.ts'
import type { Host } from '../inventory/inventory.ts'
import { nearest } from '../inventory/nearest.ts'
import { DEFAULT_INVENTORY, load } from './loaded.ts'
import { describe } from './page.ts'
import type { Verb, VerbContext } from './verb.ts'

/** Logs in to a host of the inventory with the system's ssh. */
export const sshVerb: Verb = (context) => {
  const command = context.program
    .command('ssh')
    .argument('<HOST>', 'name in the inventory')
    .argument('[COMMAND...]', 'run this instead of a shell')
    .option('-i, --inventory <FILE>', 'where the host is described', DEFAULT_INVENTORY)
    .passThroughOptions()
    .action(async (name: string, words: readonly string[], options: { readonly inventory: string }) =>
      context.exit(await login(context, name, words, options.inventory)),
    )
  return describe(command, {
    summary: 'log in to a host of the inventory',
    description: [
      "Starts the system's ssh with what the inventory says of the host: address, port, user, key, way through jump hosts. ~/.ssh/config holds as usual; host keys are checked by ssh itself.",
      'Exits as ssh does: with the status of the command, or 255.',
    ],
    examples: [
      ['provision ssh node1 -i prod.yaml', 'a shell'],
      ['provision ssh -i prod.yaml node1 uptime', 'one command'],
    ],
  })
}

async function login(
  { world, parts }: VerbContext,
  name: string,
  words: readonly string[],
  path: string,
): Promise<ExitCode> {
  const { inventory } = await load(world, parts, { path, limit: [], set: [] })
  const host = inventory.hosts.find((one) => one.name === name)
  if (!host) {
    const names = inventory.hosts.map((one) => one.name)
    const meant = nearest(name, names)
    throw new InputError({
      what: `no host is called ${JSON.stringify(name)}`,
      where: path,
      fix: meant === undefined ? `hosts: ${names.join(', ')}` : `did you mean ${meant}?`,
    })
  }
  if (host.lab) {
    const { labOf } = await import('./lab-machines.ts')
    const lab = labOf(inventory, { world, report: () => undefined })
    return (await runInteractive([...(await lab.ssh(name)), ...words])) as ExitCode
  }
  return (await runInteractive([...sshWords(host), ...words])) as ExitCode
}

/** Argument list of the system's ssh for a host. */
export function sshWords({ name, address, ssh }: Host): readonly string[] {
  const option = (key: string, value: string | number | undefined) =>
    value === undefined ? [] : ['-o', `${key}=${value}`]
  const jumps = typeof ssh.proxyJump === 'string' ? ssh.proxyJump : ssh.proxyJump?.join(',')
  return [
    'ssh',
    ...option('User', ssh.user),
    ...option('Port', ssh.port),
    ...option('IdentityFile', ssh.identityFile),
    ...option('ProxyJump', jumps),
    ...option('ProxyCommand', ssh.proxyCommand),
    ...option('UserKnownHostsFile', ssh.knownHostsFile),
    '--',
    address ?? name,
  ]
}

/** Gives the terminal to a program until it ends. @returns its exit code, 128 + n when a signal ended it */
export async function runInteractive([program = '', ...args]: readonly string[]): Promise<number> {
  const child = spawn(program, args, { stdio: 'inherit' })
  return new Promise((resolve, reject) => {
    child.on('error', (cause) => {
      const fix = `install ${program}, e.g. the package openssh-client`
      reject(
        new FailedError(
          { what: `${program} could not be started: ${cause.message}`, where: 'this machine', fix },
          { cause },
        ),
      )
    })
    child.on('close', (code, signal) => resolve(code ?? (signal === 'SIGINT' ? EXIT.interrupted : 128)))
  })
}
