import { readFile } from 'node:fs/promises'
import ssh2, {
  type BaseAgent,
  type IdentityCallback,
  type KnownPublicKeys,
  type ParsedKey,
  type SignCallback,
  type SigningRequestOptions,
} from 'ssh2'

export interface AgentOffer {
  readonly agent?: BaseAgent<ParsedKey>
  /** What the agent has to offer, or why nothing, for messages. */
  readonly note: string
}

/**
 * The keys of the agent at a socket, all of them, or only those whose public half lies beside one of `files` (`.pub`).
 * sshd counts each offered key as an attempt (MaxAuthTries 6), so an agent full of keys can lock its owner out.
 */
export async function identities(socket: string, files: readonly string[] | undefined): Promise<AgentOffer> {
  const agent = ssh2.createAgent(socket) as BaseAgent<ParsedKey>
  const keys = await new Promise<ParsedKey[] | Error>((resolve) => {
    agent.getIdentities((error, found) => resolve(error ?? (found ?? []).flatMap(parsed)))
  })
  if (keys instanceof Error) return { note: keys.message }
  const wanted =
    files === undefined ? undefined : (await Promise.all(files.map(publicKeyBeside))).filter((key) => key !== undefined)
  const offered =
    wanted === undefined ? keys : keys.filter((key) => wanted.some((other) => other.equals(key.getPublicSSH())))
  const note = `${keys.length} keys, ${offered.length} offered`
  return offered.length === 0 ? { note } : { agent: new SomeIdentities(agent, offered), note }
}

async function publicKeyBeside(file: string): Promise<Buffer | undefined> {
  const text = await readFile(`${file}.pub`).catch(() => undefined)
  const key = text === undefined ? undefined : ssh2.utils.parseKey(text)
  return key === undefined || key instanceof Error ? undefined : (key as ParsedKey).getPublicSSH()
}

function parsed(key: unknown): ParsedKey[] {
  const result = ssh2.utils.parseKey(key as Buffer)
  return result instanceof Error ? [] : [result as ParsedKey]
}

/** An agent that knows only some of the keys of another. */
class SomeIdentities extends ssh2.BaseAgent<ParsedKey> {
  readonly #agent: BaseAgent<ParsedKey>
  readonly #keys: readonly ParsedKey[]

  constructor(agent: BaseAgent<ParsedKey>, keys: readonly ParsedKey[]) {
    super()
    this.#agent = agent
    this.#keys = keys
  }

  getIdentities(done: IdentityCallback<ParsedKey>): void {
    done(undefined, this.#keys as KnownPublicKeys<ParsedKey>)
  }

  override sign(
    key: ParsedKey,
    data: Buffer,
    options: SigningRequestOptions | SignCallback,
    done?: SignCallback,
  ): void {
    if (typeof options === 'function') this.#agent.sign(key, data, options)
    else this.#agent.sign(key, data, options, done)
  }
}
