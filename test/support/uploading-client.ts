import { createHash, randomBytes } from 'node:crypto'
import type { Blob } from '../../src/core/host.ts'
import { connector } from '../../src/transport/connect.ts'
import type { SshTarget } from '../../src/transport/target.ts'

/** A program of its own, so that nothing else is in its memory: uploads one large blob and prints what that cost. */
const { target, sizeMiB } = JSON.parse(process.argv[2] ?? '') as { target: SshTarget; sizeMiB: number }
const MIB = 1024 * 1024
// As a file stream gives them.
const piece = randomBytes(64 * 1024)

function blobOf(name: string, mib: number): Blob {
  const pieces = (mib * MIB) / piece.length
  const hash = createHash('sha256')
  for (let i = 0; i < pieces; i++) hash.update(piece)
  return {
    sha256: hash.digest('hex'),
    size: mib * MIB,
    secret: false,
    name,
    async *open() {
      for (let i = 0; i < pieces; i++) yield piece
    },
  }
}

const session = await connector(() => target)('host', new AbortController().signal)
// Node settles at its working size first: buffers of a few packets, garbage it is in no hurry to collect.
await session.upload('memory', [blobOf('small', 40)], { deadlineMs: 60_000 })
const large = blobOf('large', sizeMiB)
const before = process.memoryUsage.rss()
const startedMs = performance.now()
let peak = before
const outcome = await session.upload('memory', [large], {
  deadlineMs: 250_000,
  onProgress: () => {
    peak = Math.max(peak, process.memoryUsage.rss())
  },
})
const ms = Math.round(performance.now() - startedMs)
process.stdout.write(
  JSON.stringify({ outcome, grewMiB: Math.round((peak - before) / MIB), peakMiB: Math.round(peak / MIB), ms }),
)
await session.close()
