import { type ChildProcess, spawn } from 'node:child_process'
import { mkdtemp, readFile, rm, writeFile } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { build } from '../../src/lab/bundle/builder.ts'
import type { GoRecipe } from '../../src/lab/bundle/recipe.ts'
import type { Lab } from '../../src/lab/lab.ts'
import { command } from '../../src/lab/local/command.ts'
import { LAN } from '../../src/lab/network/addresses.ts'
import { LAB_CACHE } from './lab-parts.ts'

const PEBBLE: GoRecipe = {
  kind: 'go',
  name: 'pebble',
  title: "Let's Encrypt's ACME server for tests",
  licence: 'MPL-2.0',
  modules: [{ path: 'github.com/letsencrypt/pebble/v2', version: 'v2.10.1' }],
  cgo: false,
  programs: ['pebble', 'pebble-challtestsrv'].map((name) => ({
    package: `github.com/letsencrypt/pebble/v2/cmd/${name}`,
    as: name,
  })),
}

const DIRECTORY_PORT = 14_000
const MANAGEMENT_PORT = 15_000
const DNS_PORT = 8053
const STEP = { deadlineMs: 30_000 }

/** A private ACME directory at the lab's end of its network, and a name server that knows one address for all names. */
export class AcmeServer implements AsyncDisposable {
  readonly directory = `https://${LAN.gateway}:${DIRECTORY_PORT}/dir`
  /** `HOST:PORT`. */
  readonly nameServer = `${LAN.gateway}:${DNS_PORT}`
  /** Who signed the certificate of the directory itself. */
  readonly caBundle: string
  readonly #lab: Lab
  readonly #folder: string
  readonly #children: readonly ChildProcess[]

  private constructor(lab: Lab, folder: string, caBundle: string, children: readonly ChildProcess[]) {
    this.#lab = lab
    this.#folder = folder
    this.caBundle = caBundle
    this.#children = children
  }

  /** `address` is what every name resolves to; there, on port 80, names are proven. */
  static async start(lab: Lab, address: string): Promise<AcmeServer> {
    const programs = await madePrograms()
    const folder = await mkdtemp(join(tmpdir(), 'provision-acme-'))
    const [certificate, privateKey] = [join(folder, 'cert.pem'), join(folder, 'key.pem')]
    const alternative = `subjectAltName=IP:${LAN.gateway}`
    const request = ['req', '-x509', '-newkey', 'ec', '-pkeyopt', 'ec_paramgen_curve:P-256', '-nodes', '-days', '1']
    const made = await command(
      [
        'openssl',
        ...request,
        ...['-subj', '/CN=acme', '-addext', alternative, '-keyout', privateKey, '-out', certificate],
      ],
      STEP,
    )
    if (made.code !== 0) throw new Error(made.stderr)
    const pebble = {
      listenAddress: `${LAN.gateway}:${DIRECTORY_PORT}`,
      managementListenAddress: `${LAN.gateway}:${MANAGEMENT_PORT}`,
      certificate,
      privateKey,
      httpPort: 80,
      tlsPort: 443,
      retryAfter: { authz: 1, order: 1 },
      keyAlgorithm: 'ecdsa',
    }
    const settings = join(folder, 'pebble.json')
    await writeFile(settings, JSON.stringify({ pebble }))
    const names = `${LAN.gateway}:${DNS_PORT}`
    const off = ['http01', 'https01', 'doh', 'tlsalpn01', 'management', 'defaultIPv6'].map((name) => `-${name}=`)
    const children = await Promise.all([
      served(lab, [join(programs, 'pebble-challtestsrv'), ...off, `-dnsserver=${names}`, `-defaultIPv4=${address}`]),
      served(lab, [join(programs, 'pebble'), '-config', settings, '-dnsserver', names]),
    ])
    return new AcmeServer(lab, folder, await readFile(certificate, 'utf8'), children)
  }

  /** The root that signs what it issues, as PEM in a file. */
  async rootFile(): Promise<string> {
    const path = join(this.#folder, 'root.pem')
    const url = `https://${LAN.gateway}:${MANAGEMENT_PORT}/roots/0`
    const ca = join(this.#folder, 'cert.pem')
    const asked = await command(this.#lab.inside(['curl', '-sSf', '--cacert', ca, '-o', path, url]), STEP)
    if (asked.code !== 0) throw new Error(asked.stderr)
    return path
  }

  async [Symbol.asyncDispose](): Promise<void> {
    await Promise.all(
      this.#children.map(async (child) => {
        if (child.exitCode !== null) return
        const ended = new Promise((resolve) => child.once('close', resolve))
        child.kill()
        await ended
      }),
    )
    await rm(this.#folder, { recursive: true, force: true })
  }
}

async function madePrograms(): Promise<string> {
  const { parts, release } = build([PEBBLE], LAB_CACHE)
  try {
    const part = await parts.get(PEBBLE.name)
    if (part === undefined) throw new Error('pebble was not made')
    return part.dir
  } finally {
    await release()
  }
}

/** Once it says that it listens. It proves names without the pauses that are to surprise clients. */
async function served(lab: Lab, argv: readonly string[]): Promise<ChildProcess> {
  const [program = '', ...words] = lab.inside(argv)
  const child = spawn(program, words, {
    stdio: ['ignore', 'pipe', 'pipe'],
    env: { ...process.env, PEBBLE_VA_NOSLEEP: '1', PEBBLE_WFE_NONCEREJECT: '0' },
  })
  let said = ''
  await new Promise<void>((resolve, reject) => {
    const hear = (chunk: Buffer): void => {
      said += chunk
      if (/listening on|starting challenge/i.test(said)) resolve()
    }
    child.stdout.on('data', hear)
    child.stderr.on('data', hear)
    child.once('error', reject)
    child.once('close', (code) => reject(new Error(`${argv[0]} ended with ${code}: ${said}`)))
  })
  return child
}
