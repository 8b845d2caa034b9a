import { readFileSync } from 'node:fs'
import { createServer, type ServerResponse } from 'node:http'

/**
 * A download place with faults, run as a program inside a test host's network: `faulty-server.ts FILE`. What it does with
 * FILE is in the path: `whole`, `flipped` (one byte differs), `short` (ends early and says so), `cut` (breaks off at half of what
 * is asked for; the first time only), `deaf` (ignores ranges), `down`. `log` tells what was asked.
 */
const content = readFileSync(process.argv[2] ?? '')
const asked: string[] = []

createServer((request, response) => {
  const way = request.url?.split('/')[1] ?? ''
  if (way === 'log') return response.end(JSON.stringify(asked))
  const before = asked.filter((line) => line.startsWith(way)).length
  asked.push(`${way} ${request.headers.range ?? ''}`.trim())
  if (way === 'down') return response.writeHead(503).end()
  const bytes = Buffer.from(way === 'short' ? content.subarray(0, content.length - 1000) : content)
  if (way === 'flipped') bytes[bytes.length >> 1] = (bytes[bytes.length >> 1] ?? 0) ^ 1
  const from = way === 'deaf' ? undefined : /^bytes=(\d+)-$/.exec(request.headers.range ?? '')?.[1]
  send(response, bytes, from === undefined ? undefined : Number(from), way === 'cut' && before === 0)
}).listen(8080, '127.0.0.1', () => process.stdout.write('listening\n'))

function send(response: ServerResponse, bytes: Buffer, from: number | undefined, cut: boolean): void {
  const start = from ?? 0
  if (start >= bytes.length) return void response.writeHead(416, { 'content-range': `bytes */${bytes.length}` }).end()
  const part = bytes.subarray(start)
  const range = { 'content-range': `bytes ${start}-${bytes.length - 1}/${bytes.length}` }
  response.writeHead(from === undefined ? 200 : 206, {
    'content-length': part.length,
    ...(from === undefined ? {} : range),
  })
  if (cut) response.write(part.subarray(0, part.length >> 1), () => setTimeout(() => response.destroy(), 100))
  else response.end(part)
}
