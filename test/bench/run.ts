import { parseArgs } from 'node:util'
import { channels } from './channels.ts'
import { coldStart, mainJob } from './main-job.ts'
import { nodes } from './nodes.ts'
import { proxy } from './proxy.ts'
import { report } from './report.ts'
import { rivals } from './rivals.ts'

const PARTS = {
  channels: { tells: 'session channels and time to look at 1, 10 and 1000 files that are as wanted', run: channels },
  rivals: { tells: 'the same look by ssh, one command a file, and by Ansible where it is installed', run: rivals },
  main: { tells: 'one machine from nothing with a warm cache, and again when there is nothing to do', run: mainJob },
  nodes: { tells: 'three machines: `npm start`, again, and the same steps typed by hand: ten minutes', run: nodes },
  proxy: {
    tells: 'how each mode of kube-proxy grows with 10, 100, 1000 Services: an hour; only when it is named',
    run: proxy,
  },
  cold: { tells: 'one machine from nothing with an empty cache: half an hour; only when it is named', run: coldStart },
  report: { tells: 'time and size of the HTML report of runs of 3 and 300 made-up hosts', run: report },
} as const

const HELP = `Prints the figures of this project, measured now, on this machine. Nothing is asserted about time.

Usage: npm run bench -- [--part NAME]... [--rounds N]

Options:
  --part NAME  only this part; may be given several times. Default: all but proxy and cold
${Object.entries(PARTS)
  .map(([name, { tells }]) => `                 ${name.padEnd(9)} ${tells}`)
  .join('\n')}
  --rounds N   how often each quick figure is measured; the median is printed (default 5)
  --help       this page

Needs root and sshd; \`main\`, \`nodes\` and \`proxy\` make lab machines of their own and take them away again. For the Ansible rows: apt-get install ansible-core.
`

const { values } = parseArgs({
  options: {
    part: { type: 'string', multiple: true },
    rounds: { type: 'string', default: '5' },
    help: { type: 'boolean', default: false },
  },
})
const chosen = values.part ?? Object.keys(PARTS).filter((name) => name !== 'cold' && name !== 'proxy')
const rounds = Number(values.rounds)
const unknown = chosen.filter((name) => !Object.hasOwn(PARTS, name))

if (values.help) process.stdout.write(HELP)
else if (unknown.length > 0 || !Number.isInteger(rounds) || rounds < 1) {
  const what = unknown.length > 0 ? `there is no part ${unknown.join(', ')}` : `--rounds ${values.rounds} is no count`
  process.stderr.write(`error: ${what}\n(--help shows what there is)\n`)
  process.exitCode = 2
} else
  for (const name of chosen) {
    const part = PARTS[name as keyof typeof PARTS]
    process.stdout.write(`\n${name}: ${part.tells}\n`)
    for await (const line of part.run(rounds)) process.stdout.write(`  ${line}\n`)
  }
