import { connector } from '../../src/transport/connect.ts'
import type { SshTarget } from '../../src/transport/target.ts'

/** A program of its own, so that a test can kill it: takes the lock, supervises one job, and prints what it hears. */
const { target, run, script } = JSON.parse(process.argv[2] ?? '') as { target: SshTarget; run: string; script: string }
const session = await connector(() => target)('host', new AbortController().signal)
await session.lock({ run, who: 'victim@here', command: 'up', since: new Date().toISOString() })
process.stdout.write('locked\n')
await session.supervise(
  { run, name: 'long', script },
  { deadlineMs: 120_000, onText: (_mark, text) => void process.stdout.write(text) },
)
await session.close()
