import { z } from 'zod'
import { fingerprint, line, localPath, port, whole } from './scalars.ts'
import { secretReference } from './secret.ts'

const jump = line('[user@]host[:port] or the name of an ssh alias', 512).regex(
  /^([^\s@,-][^\s@,]*@)?[^\s@,/-][^\s@,/]*$/,
  {
    error: '[user@]host[:port] or the name of an ssh alias; several hops are a list',
  },
)

export const ssh = z
  .strictObject({
    user: line('a user name', 64)
      .regex(/^[^\s@:/-][^\s@:/]*$/, { error: 'a user name' })
      .exactOptional()
      .describe('Who logs in. Otherwise ~/.ssh/config, then your own user name.'),
    port: port.exactOptional().describe('Otherwise ~/.ssh/config, then 22.'),
    identityFile: localPath
      .exactOptional()
      .describe('Private key to log in with. Otherwise the agent and what ~/.ssh/config says.'),
    passphrase: secretReference.exactOptional().describe('Opens an encrypted identityFile.'),
    password: secretReference.exactOptional().describe('Log in by password. Keys are tried first.'),
    proxyJump: z
      .union([z.array(jump).min(1).max(8), jump], { error: '[user@]host[:port], a list of those, or none' })
      .exactOptional()
      .describe('Hosts to go through, nearest first; the key of every one is verified. `none` goes straight.'),
    proxyCommand: line('a command line, or none', 4096)
      .exactOptional()
      .describe('Command on this machine whose input and output are the connection; %h and %p are filled in.'),
    hostKeys: z
      .array(fingerprint)
      .min(1)
      .exactOptional()
      .describe('Only a host with one of these keys is trusted, whatever known_hosts says.'),
    knownHostsFile: localPath.exactOptional().describe('Otherwise ~/.ssh/known_hosts and /etc/ssh/ssh_known_hosts.'),
    hostKeyChecking: z
      .enum(['strict', 'ask', 'accept-new'])
      .exactOptional()
      .describe(
        'An unknown host key: refuse it, ask on a terminal (the default), or record it. A changed key is always refused.',
      ),
    keepAliveSeconds: whole('seconds', 1, 3600)
      .exactOptional()
      .describe('Silence after which the host is asked for a sign of life (default 15).'),
    keepAliveCount: whole('a number', 1, 100)
      .exactOptional()
      .describe('Unanswered questions after which the link counts as lost (default 3).'),
    connectTimeoutSeconds: whole('seconds', 1, 600)
      .exactOptional()
      .describe('How long connecting and logging in may take (default 20).'),
  })
  .describe(
    'How to reach the machine. Hosts named in ~/.ssh/config bring their settings from there; what is written here wins.',
  )

export const become = z
  .strictObject({
    method: z
      .enum(['auto', 'sudo', 'none'])
      .default('auto')
      .describe('How commands become root. auto: nothing when logged in as root, sudo otherwise.'),
    password: secretReference.exactOptional().describe('Password for sudo, where it asks for one.'),
  })
  .describe('How to become root after logging in.')
