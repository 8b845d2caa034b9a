import { LocalSession } from './local-session.ts'
import { surveyed } from './peers.ts'

/** A survey whose second host never gets ready: run as a process of its own, to be killed while the first one listens. */
const enter: readonly string[] = JSON.parse(process.argv[2] ?? '[]')
const listens = new LocalSession('n1', [...enter, 'sh'])
const hangs = Object.assign(new LocalSession('n2'), { run: () => new Promise<never>(() => undefined) })
const { run } = listens
listens.run = (script, options) =>
  run.call(listens, script, {
    ...options,
    onMark: (mark) => {
      options.onMark?.(mark)
      if (mark[0] === 'listening') process.stdout.write('listening\n')
    },
  })
const host = (name: string, address: string) => ({ name, roles: ['control-plane'] as const, address })
await surveyed({ hosts: [host('n1', '10.98.0.1'), host('n2', '10.98.0.2')], sessions: [listens, hangs] })
