import { connect, createServer, type Socket } from 'node:net'

/**
 * The smallest balancer of TCP connections, for a cluster's API servers: a new connection goes to the first backend, from the
 * one that answered last, that takes it. Started inside a lab's network: `node balancer.ts PORT ADDRESS:PORT…`.
 */
const [port = '', ...backends] = process.argv.slice(2)
let last = 0

function join(client: Socket, backend: Socket): void {
  client.on('error', () => backend.destroy()).on('close', () => backend.destroy())
  backend.on('error', () => client.destroy()).on('close', () => client.destroy())
  client.pipe(backend).pipe(client)
}

function tryFrom(client: Socket, first: number, left: number): void {
  if (left === 0) {
    client.destroy()
    return
  }
  const index = first % backends.length
  const [host = '', number = ''] = (backends[index] ?? '').split(':')
  const backend = connect({ host, port: Number(number), timeout: 2000 })
  const next = () => {
    backend.destroy()
    tryFrom(client, index + 1, left - 1)
  }
  backend.once('error', next).once('timeout', next)
  backend.once('connect', () => {
    backend.off('error', next).off('timeout', next).setTimeout(0)
    last = index
    join(client, backend)
  })
}

createServer({ pauseOnConnect: true }, (client) => {
  client.on('error', () => client.destroy())
  tryFrom(client, last, backends.length)
}).listen(Number(port), () => process.stdout.write('listening\n'))
