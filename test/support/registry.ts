import { readFileSync } from 'node:fs'
import { createServer } from 'node:http'
import { extract } from 'tar-stream'

/**
 * A container registry that has the one image of an OCI archive, run as a program inside a test host's network:
 * `registry.ts ARCHIVE`. Any name and tag stands for it, but the name `missing`.
 * https://github.com/opencontainers/distribution-spec: pull.
 */
const files = new Map<string, Buffer>()
const archive = extract()
archive.end(readFileSync(process.argv[2] ?? ''))
for await (const entry of archive) {
  const chunks: Buffer[] = []
  for await (const chunk of entry) chunks.push(chunk as Buffer)
  files.set(entry.header.name, Buffer.concat(chunks))
}
const index = JSON.parse(String(files.get('index.json'))) as { manifests: [{ digest: string; mediaType: string }] }
const { digest: manifest, mediaType } = index.manifests[0]

createServer((request, response) => {
  const [, kind, reference = ''] = /^\/v2\/.+\/(manifests|blobs)\/([^/?]+)/.exec(request.url ?? '') ?? []
  if (kind === undefined) return response.writeHead(request.url === '/v2/' ? 200 : 404).end()
  const digest = kind === 'manifests' && !reference.startsWith('sha256:') ? manifest : reference
  const bytes = files.get(`blobs/${digest.replace(':', '/')}`)
  if (!bytes || request.url?.includes('/missing/')) return response.writeHead(404).end()
  const type = digest === manifest ? mediaType : 'application/octet-stream'
  response.writeHead(200, { 'content-type': type, 'content-length': bytes.length, 'docker-content-digest': digest })
  return response.end(request.method === 'HEAD' ? undefined : bytes)
}).listen(5000, '127.0.0.1', () => process.stdout.write('listening\n'))
