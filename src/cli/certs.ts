import { type Command, InvalidArgumentError } from 'commander'
import { renewCertificates } from '../../playbooks/certs.ts'
import { daysLeft, renewalOf } from '../cluster/certificates.ts'
import { Deferred } from '../core/deferred.ts'
import { EXIT, type ExitCode } from '../core/errors.ts'
import type { Answers } from '../core/fact.ts'
import { FactError } from '../core/fact-error.ts'
import { compile } from '../core/play.ts'
import { type Certificate, certificatesProbe } from '../facts/certificate.ts'
import { certificateTable } from '../render/certificate-table.ts'
import { type ActOptions, addActOptions, consentOf } from './acting.ts'
import { takeKubeconfig } from './kubeconfig.ts'
import { KUBECONFIG_PROBES } from './kubeconfig-file.ts'
import { DEFAULT_INVENTORY, load } from './loaded.ts'
import { describe } from './page.ts'
import { plainNodes } from './plain-nodes.ts'
import { prepared } from './prepare.ts'
import { addRunOptions, type RunOptions } from './run-options.ts'
import type { Verb, VerbContext } from './verb.ts'
import { visit } from './visit.ts'

interface RenewOptions extends RunOptions, ActOptions {
  readonly daysLeft: number
  readonly kubeconfig?: string
  readonly mergeKubeconfig: boolean
}

/** kubeadm's certificates are valid for 365 days: all that were not renewed today. */
const RENEW_BELOW_DAYS = 364

/** Certificates of a cluster: what there is, and making it new. */
export const certsVerb: Verb = (context) => {
  const certs = context.program.command('certs')
  listVerb(context, certs)
  renewVerb(context, certs)
  return describe(certs, {
    summary: 'certificates of the cluster: list them, renew them',
    description: [
      'kubeadm makes certificates for a year; the kubelet renews its own. `provision status` exits 4 while one has fewer than 30 days left.',
    ],
    exits: ['failed', 'unmet', 'unreachable', 'locked', 'moved'],
    examples: [
      ['provision certs list prod.yaml', 'days left of every certificate'],
      ['provision certs renew prod.yaml', 'renew, restart, one control plane after the other'],
    ],
  })
}

function listVerb(context: VerbContext, certs: Command): void {
  addRunOptions(certs.command('list').argument('[INVENTORY]', 'the cluster', DEFAULT_INVENTORY))
    .summary('days left of every certificate, host by host')
    .description(
      'Reads the certificates of every host and says how long each is valid and who renews it. Nothing is changed.',
    )
    .action(async (path: string, options: RunOptions) => context.exit(await list(context, path, options)))
}

async function list({ world, parts }: VerbContext, path: string, options: RunOptions): Promise<ExitCode> {
  const loaded = await load(world, parts, { path, ...options })
  return prepared({ world, parts, options, loaded, make: false, purpose: 'nothing' }, async (ready) => {
    const { exit, answers } = await visit({ ...ready, consent: 'fetch', collect: [certificatesProbe] })
    const rows = [...answers].flatMap(([host, answer]) => rowsOf(host, answer))
    ready.screen.say(['', ...certificateTable(rows, ready.screen.paint)])
    return exit
  })
}

function rowsOf(host: string, answers: Answers) {
  const row = (certificate: Certificate) => ({
    host,
    path: certificate.path,
    days: daysLeft(certificate, Date.now()),
    until: new Date(certificate.notAfterMs).toISOString().slice(0, 10),
    renewal: renewalOf(certificate),
  })
  try {
    return answers.get(certificatesProbe).map(row)
  } catch (error) {
    if (error instanceof FactError) return []
    throw error
  }
}

function renewVerb(context: VerbContext, certs: Command): void {
  const command = certs.command('renew').argument('[INVENTORY]', 'the cluster', DEFAULT_INVENTORY)
  addActOptions(addRunOptions(command))
    .option(
      '--days-left <N>',
      'only those with fewer days left (default: all that were not renewed today)',
      days,
      RENEW_BELOW_DAYS,
    )
    .option('--kubeconfig <FILE>', 'where the new kubeconfig goes (default: ~/.kube/NAME.kubeconfig)')
    .option('--merge-kubeconfig', 'renew the cluster in ~/.kube/config as well', false)
    .action(async (path: string, options: RenewOptions) => context.exit(await renew(context, path, options)))
  describe(command, {
    summary: 'renew what kubeadm made, one control plane after the other',
    description: [
      'Renews the certificates with kubeadm, restarts etcd, API server, controller manager and scheduler where they were started before, and waits until the API server of that host is ready again before it goes on to the next control plane. Then the kubeconfig is fetched: it holds a certificate too.',
      'Certificate authorities are not renewed. Kubelets renew theirs by themselves. A run that was cut off is gone on with by the same command: what is renewed already is not renewed again, and what still runs with an old certificate is seen by when it was started.',
    ],
    exits: ['failed', 'unreachable', 'locked', 'moved'],
    examples: [
      ['provision certs renew prod.yaml --dry-run', 'what would be renewed and restarted'],
      ['provision certs renew prod.yaml --yes --days-left 60', 'for cron'],
    ],
  })
}

async function renew({ world, parts }: VerbContext, path: string, options: RenewOptions): Promise<ExitCode> {
  const consent = consentOf(world, options)
  const loaded = await load(world, parts, { path, ...options })
  const planes = loaded.hosts.filter(({ roles }) => roles.includes('control-plane'))
  return prepared({ world, parts, options, loaded, make: false, purpose: 'nothing' }, async (ready) => {
    const done = planes.map(({ name }) => new Deferred(`${name} serving with new certificates`, () => true))
    const turn = ({ name }: { readonly name: string }) => {
      const at = planes.findIndex((plane) => plane.name === name)
      const [before, own] = [done[at - 1], done[at]]
      return { ...(before ? { until: before.value } : {}), ...(own ? { gives: own } : {}) }
    }
    const play = renewCertificates({ days: options.daysLeft, turn })
    const compiled = plainNodes(loaded.inventory, planes).map((node) => compile(play, node))
    const { exit, answers } = await visit({ ...ready, compiled, consent, collect: KUBECONFIG_PROBES })
    if (exit === EXIT.ok && consent !== 'look')
      await takeKubeconfig({ world, screen: ready.screen, loaded, answers, options })
    return exit
  })
}

function days(text: string): number {
  const number = Number(text)
  if (Number.isInteger(number) && number >= 0 && number <= RENEW_BELOW_DAYS) return number
  throw new InvalidArgumentError(
    `It must be a whole number from 0 to ${RENEW_BELOW_DAYS}: kubeadm's certificates are valid for 365 days.`,
  )
}
