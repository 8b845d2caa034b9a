import { createHash } from 'node:crypto'
import { createServer, type IncomingMessage, type Server, type ServerResponse } from 'node:http'
import type { AddressInfo } from 'node:net'

const sha256 = (bytes: string | Buffer) => `sha256:${createHash('sha256').update(bytes).digest('hex')}`
const INDEX = 'application/vnd.oci.image.index.v1+json'
const MANIFEST = 'application/vnd.oci.image.manifest.v1+json'

/** A registry in this process, with an image called `tool:v1` for two kinds of processor. Nothing but loopback reaches it. */
export class ImageRegistry implements AsyncDisposable {
  readonly #server: Server
  readonly url: string
  readonly asked: string[] = []
  readonly blobs = new Map<string, Buffer>()
  readonly types = new Map<string, string>()
  /** Digest of the list `tool:v1` stands for. */
  index = ''
  /** Wanted of everybody who asks for anything; strangers get it at /token. */
  token: string | undefined
  /** Digest of what is broken off half-way, once. */
  cut: string | undefined
  /** Digest of what comes with another byte in it. */
  spoilt: string | undefined
  isDown = false

  private constructor(server: Server) {
    this.#server = server
    this.url = `http://127.0.0.1:${(server.address() as AddressInfo).port}`
  }

  static async start(): Promise<ImageRegistry> {
    let registry: ImageRegistry | undefined
    const server = createServer((request, response) => registry?.answer(request, response))
    await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve))
    registry = new ImageRegistry(server)
    registry.#fill()
    return registry
  }

  /** Name of the image by the registry's own address. */
  get image(): string {
    return `${this.url.replace('http://', '')}/team/tool:v1`
  }

  async [Symbol.asyncDispose](): Promise<void> {
    this.#server.closeAllConnections()
    await new Promise((resolve) => this.#server.close(resolve))
  }

  put(
    content: string | Buffer,
    type = 'application/octet-stream',
  ): { digest: string; size: number; mediaType: string } {
    const bytes = Buffer.from(content as string)
    const digest = sha256(bytes)
    this.blobs.set(digest, bytes)
    this.types.set(digest, type)
    return { mediaType: type, digest, size: bytes.byteLength }
  }

  #fill(): void {
    const layer = this.put(Buffer.alloc(300_000, 'layer '), 'application/vnd.oci.image.layer.v1.tar')
    const manifests = ['amd64', 'arm64'].map((architecture) => {
      const labels = { 'org.opencontainers.image.licenses': 'MIT' }
      const facts = { os: 'linux', architecture, config: { Labels: labels }, rootfs: { type: 'layers', diff_ids: [] } }
      const config = this.put(JSON.stringify(facts), 'application/vnd.oci.image.config.v1+json')
      const manifest = { schemaVersion: 2, mediaType: MANIFEST, config, layers: [layer] }
      return { ...this.put(JSON.stringify(manifest), MANIFEST), platform: { os: 'linux', architecture } }
    })
    this.index = this.put(JSON.stringify({ schemaVersion: 2, mediaType: INDEX, manifests }), INDEX).digest
  }

  answer(request: IncomingMessage, response: ServerResponse): void {
    const url = new URL(request.url ?? '', this.url)
    this.asked.push(`${url.pathname}${url.search}`)
    if (this.isDown) return void response.writeHead(503).end()
    if (url.pathname === '/token') return void response.end(JSON.stringify({ token: this.token }))
    if (this.token !== undefined && request.headers.authorization !== `Bearer ${this.token}`) {
      const challenge = `Bearer realm="${this.url}/token",service="tests",scope="repository:team/tool:pull"`
      return void response.writeHead(401, { 'www-authenticate': challenge }).end()
    }
    const reference = /^\/v2\/team\/tool\/(?:manifests|blobs)\/(.+)$/.exec(url.pathname)?.[1] ?? ''
    const digest = reference === 'v1' ? this.index : reference
    const bytes = this.blobs.get(digest)
    if (!bytes) return void response.writeHead(404).end()
    this.#send(response, digest, request.headers.range)
  }

  #send(response: ServerResponse, digest: string, range: string | undefined): void {
    const whole = Buffer.from(this.blobs.get(digest) ?? '')
    if (digest === this.spoilt) whole[10] = (whole[10] ?? 0) ^ 1
    const start = Number(/^bytes=(\d+)-$/.exec(range ?? '')?.[1] ?? 0)
    const bytes = whole.subarray(start)
    response.writeHead(start > 0 ? 206 : 200, {
      'content-type': this.types.get(digest) ?? '',
      'content-length': bytes.byteLength,
      ...(start > 0 ? { 'content-range': `bytes ${start}-${whole.byteLength - 1}/${whole.byteLength}` } : {}),
    })
    if (digest !== this.cut) return void response.end(bytes)
    this.cut = undefined
    response.write(bytes.subarray(0, bytes.byteLength >> 1), () => setTimeout(() => response.destroy(), 50))
  }
}
