import { connect, createServer, type Server, type Socket } from 'node:net'

export type Fault = 'fin' | 'rst' | 'stall'

export interface FaultPlan {
  readonly kind: Fault
  /** Bytes of the host's answers that still come through. */
  readonly afterBytes: number
}

/**
 * A TCP relay that breaks its next connection at a chosen byte of the host's answers. Connections after that one are
 * left alone.
 */
export class FaultProxy {
  readonly port: number
  readonly #server: Server
  readonly #sockets = new Set<Socket>()
  #plan: FaultPlan | undefined
  /** Connections that were broken. */
  broken = 0
  accepted = 0
  /** Times the client spoke after the host had: the round trips a link with a delay would cost. */
  turns = 0
  #hostSpoke = true

  private constructor(server: Server, targetPort: number) {
    this.#server = server
    const address = server.address()
    if (address === null || typeof address === 'string') throw new Error('no port')
    this.port = address.port
    server.on('connection', (client) => this.#relay(client, targetPort))
  }

  static async start(targetPort: number): Promise<FaultProxy> {
    const server = createServer({ allowHalfOpen: true })
    await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve))
    return new FaultProxy(server, targetPort)
  }

  /** Limits what clients send, from now on. */
  bytesPerSecond = Number.POSITIVE_INFINITY

  /** For the next connection. */
  breakNext(plan: FaultPlan): void {
    this.#plan = plan
  }

  /** Breaks what is open now. */
  breakNow(kind: Fault): void {
    for (const socket of this.#sockets) hurt(socket, kind)
    this.broken++
  }

  #relay(client: Socket, targetPort: number): void {
    this.accepted++
    const plan = this.#plan
    this.#plan = undefined
    const host = connect({ port: targetPort, host: '127.0.0.1', allowHalfOpen: true })
    for (const socket of [client, host]) {
      socket.setNoDelay(true)
      this.#sockets.add(socket)
      socket.on('error', () => {})
      socket.on('close', () => this.#sockets.delete(socket))
    }
    let leftBytes = plan?.afterBytes ?? Number.POSITIVE_INFINITY
    host.on('data', (chunk: Buffer) => {
      this.#hostSpoke = true
      if (leftBytes <= 0) return
      client.write(chunk.subarray(0, leftBytes))
      leftBytes -= chunk.length
      if (leftBytes > 0 || plan === undefined) return
      this.broken++
      hurt(client, plan.kind)
      hurt(host, plan.kind)
    })
    client.on('data', (chunk: Buffer) => {
      if (this.#hostSpoke) this.turns++
      this.#hostSpoke = false
      if (leftBytes > 0) host.write(chunk)
      const pauseMs = (chunk.length / this.bytesPerSecond) * 1000
      if (pauseMs < 1) return
      client.pause()
      setTimeout(() => client.resume(), pauseMs)
    })
    host.on('end', () => client.end())
    client.on('end', () => host.end())
    client.on('close', () => host.destroy())
    host.on('close', () => client.destroy())
  }

  async stop(): Promise<void> {
    for (const socket of this.#sockets) socket.destroy()
    await new Promise((resolve) => this.#server.close(resolve))
  }
}

function hurt(socket: Socket, kind: Fault): void {
  if (kind === 'fin') socket.end()
  else if (kind === 'rst') socket.resetAndDestroy()
  else socket.removeAllListeners('data').removeAllListeners('end').pause()
}
