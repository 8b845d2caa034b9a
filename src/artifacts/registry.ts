import { createHash } from 'node:crypto'
import { FailedError } from '../core/errors.ts'
import { download, type Get } from './download.ts'
import { type ImageName, imageName } from './image-name.ts'

export interface RegistryOptions {
  /** Base URLs asked before a registry itself, by its name; as `runtime.registryMirrors` of an inventory. */
  readonly mirrors: Readonly<Record<string, readonly string[]>>
  readonly signal?: AbortSignal
}

/** Bytes of a manifest, known by their digest. */
export interface Manifest {
  readonly mediaType: string
  /** `sha256:…`, of these bytes. */
  readonly digest: string
  readonly bytes: Uint8Array
}

/** Manifests and indexes, of OCI and as docker writes them. */
const ACCEPT = [
  'application/vnd.oci.image.index.v1+json',
  'application/vnd.docker.distribution.manifest.list.v2+json',
  'application/vnd.oci.image.manifest.v1+json',
  'application/vnd.docker.distribution.manifest.v2+json',
].join(', ')

/** A registry must take manifests of 4 MiB; nobody needs more. */
const MANIFEST_LIMIT_BYTES = 4 * 1024 * 1024
const MANIFEST_TIMEOUT_MS = 60_000

/** Wrong bytes under a digest: not a place to be left for the next one in silence. */
class WrongBytesError extends FailedError {}

/**
 * Reads images from container registries, by their tag or digest, as far as that needs no account
 * (https://github.com/opencontainers/distribution-spec: pull; https://distribution.github.io/distribution/spec/auth/token/).
 */
export class Registry {
  readonly #options: RegistryOptions
  /** By realm, service and scope. */
  readonly #tokens = new Map<string, string>()
  /** What to show a place for a repository of it, once it has said so. */
  readonly #grants = new Map<string, string>()

  constructor(options: RegistryOptions) {
    this.#options = options
  }

  /**
   * @param digest reads this one of the image instead of what its name stands for
   * @throws FailedError naming every place that was asked and what it said
   */
  manifest(image: string, digest?: string): Promise<Manifest> {
    const name = imageName(image)
    const reference = digest ?? name.reference
    return this.#fromAny(name, `manifest ${reference} of ${image}`, async (base) => {
      const url = `${base}/v2/${name.repository}/manifests/${reference}${namespace(base, name)}`
      const signal = AbortSignal.any([AbortSignal.timeout(MANIFEST_TIMEOUT_MS), ...this.#stop()])
      const response = await this.#get(url, { signal, headers: { accept: ACCEPT } })
      if (!response.ok) throw new Error(`it answered ${response.status} ${response.statusText}`.trim())
      const bytes = await limited(response)
      const got = `sha256:${createHash('sha256').update(bytes).digest('hex')}`
      if (reference.startsWith('sha256:') && got !== reference) throw wrongBytes(url, got, reference)
      return { mediaType: mediaTypeOf(response, bytes), digest: got, bytes }
    })
  }

  /** Puts a blob of an image into a file, checked against its digest. @throws FailedError */
  blob(image: string, digest: string, path: string): Promise<void> {
    const name = imageName(image)
    return this.#fromAny(name, `layer ${digest} of ${image}`, (base) => {
      const url = `${base}/v2/${name.repository}/blobs/${digest}${namespace(base, name)}`
      const [signal] = this.#stop()
      const get: Get = (address, init) => this.#get(address, init)
      const sha256 = digest.replace('sha256:', '')
      return download(url, path, { sha256, get, ...(signal === undefined ? {} : { signal }) })
    })
  }

  async #fromAny<T>(name: ImageName, what: string, read: (base: string) => Promise<T>): Promise<T> {
    const refusals: string[] = []
    for (const base of this.#bases(name.registry)) {
      try {
        return await read(base)
      } catch (error) {
        this.#options.signal?.throwIfAborted()
        if (error instanceof WrongBytesError) throw error
        refusals.push(`${base}: ${reasonOf(error)}`)
      }
    }
    throw new FailedError({
      what: `could not read the ${what}`,
      where: 'this machine',
      why: refusals.join('; '),
      fix: `name a mirror that can be reached (runtime: {registryMirrors: {${name.registry}: [URL]}}), or try again`,
    })
  }

  #bases(registry: string): readonly string[] {
    const mirrors = (this.#options.mirrors[registry] ?? []).map((url) => url.replace(/\/+$/, ''))
    const host = registry === 'docker.io' ? 'registry-1.docker.io' : registry
    return [...mirrors, `${/^(localhost|127\.0\.0\.1)(:|$)/.test(host) ? 'http' : 'https'}://${host}`]
  }

  /** Asks; where a token is wanted, gets one that anybody may have, and asks again. */
  async #get(url: string, { signal, headers }: Parameters<Get>[1]): Promise<Response> {
    const place = url.replace(/\/(manifests|blobs)\/.*$/, '')
    const granted = this.#grants.get(place)
    const first = await fetch(url, { signal, headers: granted ? { ...headers, authorization: granted } : headers })
    if (first.status !== 401) return first
    await first.body?.cancel()
    const challenge = first.headers.get('www-authenticate') ?? ''
    const authorization = `Bearer ${await this.#token(challenge, url, { signal, isOld: granted !== undefined })}`
    this.#grants.set(place, authorization)
    return fetch(url, { signal, headers: { ...headers, authorization } })
  }

  async #token(
    challenge: string,
    url: string,
    { signal, isOld }: { readonly signal: AbortSignal; readonly isOld: boolean },
  ): Promise<string> {
    const values = new Map(
      [...challenge.matchAll(/([a-z_]+)="([^"]*)"/gi)].map(([, key = '', value = '']) => [key, value]),
    )
    const realm = values.get('realm') ?? ''
    const isSafe = realm.startsWith('https:') || (realm.startsWith('http:') && url.startsWith('http:'))
    if (!/^bearer /i.test(challenge) || !URL.canParse(realm) || !isSafe)
      throw new Error('it wants somebody to log in, and we have no account')
    const ask = new URL(realm)
    for (const key of ['service', 'scope']) ask.searchParams.set(key, values.get(key) ?? '')
    const known = isOld ? undefined : this.#tokens.get(ask.href)
    if (known !== undefined) return known
    const response = await fetch(ask, { signal })
    if (!response.ok) throw new Error(`${ask.host} gives no token to strangers (${response.status})`)
    const answer = JSON.parse(Buffer.from(await limited(response)).toString('utf8')) as Record<string, unknown>
    const token = answer.token ?? answer.access_token
    if (typeof token !== 'string' || token === '') throw new Error(`${ask.host} gave no token`)
    this.#tokens.set(ask.href, token)
    return token
  }

  #stop(): readonly AbortSignal[] {
    return this.#options.signal === undefined ? [] : [this.#options.signal]
  }
}

/** Mirrors of several registries are told which one is meant, as containerd does. */
function namespace(base: string, { registry }: ImageName): string {
  return new URL(base).host === registry ? '' : `?ns=${encodeURIComponent(registry)}`
}

async function limited(response: Response): Promise<Uint8Array> {
  const chunks: Uint8Array[] = []
  let sizeBytes = 0
  for await (const chunk of response.body ?? []) {
    sizeBytes += chunk.byteLength
    if (sizeBytes > MANIFEST_LIMIT_BYTES)
      throw new Error(`it sent more than ${MANIFEST_LIMIT_BYTES} bytes of a manifest`)
    chunks.push(chunk)
  }
  return Buffer.concat(chunks)
}

/** What the bytes say themselves counts more than the header. */
function mediaTypeOf(response: Response, bytes: Uint8Array): string {
  try {
    const { mediaType } = JSON.parse(Buffer.from(bytes).toString('utf8')) as { mediaType?: unknown }
    if (typeof mediaType === 'string') return mediaType
  } catch {
    throw new Error('what it sent is not JSON')
  }
  return response.headers.get('content-type')?.split(';')[0] ?? ''
}

function wrongBytes(url: string, got: string, wanted: string): WrongBytesError {
  return new WrongBytesError({
    what: `${url} gives ${got}, expected ${wanted}`,
    where: 'this machine',
    why: 'the registry, or a mirror of it, gives something else under this digest',
    fix: 'look at what that URL gives; nothing of it was kept',
  })
}

function reasonOf(error: unknown): string {
  if (error instanceof FailedError) return [error.trouble.what, error.trouble.why ?? []].flat().join(': ')
  if (!(error instanceof Error)) return String(error)
  return error.cause instanceof Error ? `${error.message}: ${error.cause.message}` : error.message
}
