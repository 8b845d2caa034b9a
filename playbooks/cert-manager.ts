import {
  type Around,
  CERT_MANAGER_DEPLOYMENTS,
  CERT_MANAGER_NAMESPACE,
  CERT_MANAGER_PROBES,
  CERT_MANAGER_RECORD,
  CERT_MANAGER_TRIAL,
  type CertManager,
  certManagerEvidence,
  certManagerObjects,
  condition,
  heldIssuers,
  heldObjects,
  isFirst,
  issuerEvidence,
  issuerLines,
  issuerObjects,
  issuerSecret,
  kubectlPrelude,
  kubeProbe,
  later,
  manifests,
  type Node,
  podsServe,
  RELEASES,
  type Resource,
  removedObjects,
  rolledOutScript,
  section,
  stagedFirst,
  Value,
  waitUntil,
} from '../src/index.ts'
import { nodeImages } from './artifacts.ts'

const ROLLOUT_SECONDS = 600
/** For a directory outside to answer. */
const ACCOUNT_SECONDS = 180

/**
 * cert-manager: upstream's manifest, applied by the server under our own name; then the inventory's issuers, once the webhook
 * that checks them answers; those of letsencrypt last, and only once its staging has issued something here.
 */
export const installCertManager = section<Node>('Install cert-manager', 'cert-manager', (node) => {
  const { certManager, ingress, hosts } = node.inventory
  if (!certManager) return []
  const ingressClass = ingress?.class ?? ingress?.controller
  const around = { hosts, ...(ingressClass === undefined ? {} : { ingressClass }) }
  return [
    ...nodeImages(node, RELEASES.certManager.images),
    ...(isFirst(node)
      ? [
          appliedCertManager(node),
          webhookAnswers(),
          withoutOldIssuers(certManager),
          appliedIssuers(certManager, around),
          ...heldBack(node, certManager, around),
        ]
      : []),
  ]
})

function appliedCertManager({ artifacts, inventory }: Node): Resource {
  const options = { title: 'cert-manager', after: ['kubeadm:init'] } as const
  return later(
    'manifests:cert-manager',
    artifacts.manifest('cert-manager.yaml'),
    (text) => manifests('cert-manager', certManagerObjects(text, inventory.hosts), options),
    options,
  )
}

/** Before that every issuer is refused. No status says when it is over, but an answer does, to an issuer that nobody stores. */
function webhookAnswers(): Resource {
  const rolledOut = CERT_MANAGER_DEPLOYMENTS.map((name) =>
    rolledOutScript(CERT_MANAGER_NAMESPACE, `deployment/${name}`),
  )
  return podsServe(
    {
      name: 'cert-manager-webhook',
      wanted: "cert-manager's webhook answers",
      probes: Object.values(CERT_MANAGER_PROBES),
      holds: certManagerEvidence,
      functions: CERT_MANAGER_TRIAL,
      test: () => [...rolledOut, 'webhook_answers'].join(' && '),
      awaited: "an answer from cert-manager's webhook",
      pods: { namespace: CERT_MANAGER_NAMESPACE, selector: 'app.kubernetes.io/instance=cert-manager' },
      limitSeconds: 2 * ROLLOUT_SECONDS,
    },
    { after: ['manifests:cert-manager'] },
  )
}

function withoutOldIssuers(certManager: CertManager): Resource {
  return removedObjects(
    {
      set: 'cert-manager-issuers',
      namespace: CERT_MANAGER_NAMESPACE,
      record: CERT_MANAGER_RECORD,
      kinds: { ClusterIssuer: 'cert-manager.io/v1', Secret: 'v1' },
      keep: issuerLines(certManager),
      disrupts: { ClusterIssuer: 'its certificates are not renewed any more' },
    },
    { title: 'issuers that are no longer wanted', after: ['condition:cert-manager-webhook'] },
  )
}

function appliedIssuers(certManager: CertManager, around: Around): Resource {
  const after = ['condition:cert-manager-webhook', 'removed:cert-manager-issuers'] as const
  const options = { title: 'issuers of certificates', after }
  const secrets = Object.entries(certManager.issuers).flatMap(([name, issuer]) => {
    const secret = issuerSecret(issuer)
    return secret ? [[name, secret] as const] : []
  })
  const applied = (known: Readonly<Record<string, string>>) =>
    manifests('cert-manager-issuers', issuerObjects(certManager, around, known), options)
  if (secrets.length === 0) return applied({})
  const opened = new Value('secrets of issuers', async () => {
    const all = secrets.map(async ([name, secret]) => [name, await secret.reveal()] as const)
    return Object.fromEntries(await Promise.all(all))
  })
  return later('manifests:cert-manager-issuers', opened, applied, options)
}

function heldBack({ host }: Node, certManager: CertManager, around: Around): readonly Resource[] {
  const after = ['condition:cert-manager-webhook', 'manifests:cert-manager-issuers'] as const
  return heldObjects(certManager, around).map((object) => {
    const { name } = object.metadata
    const applied = manifests(`letsencrypt-${name}`, [object], { title: `${name}, an issuer of Let's Encrypt`, after })
    return host.accept['staging-first'] === undefined ? stagedFirst(applied, certManager, object) : applied
  })
}

/** That each issuer has an account with its directory; those that may be held back are not waited for. */
export const proveCertManager = section<Node>('Prove the issuers', 'prove', (node) => {
  const { certManager } = node.inventory
  if (!certManager || !isFirst(node)) return []
  const waiting = heldIssuers(certManager)
  return Object.keys(certManager.issuers).flatMap((name) => (waiting.includes(name) ? [] : [hasAccount(name)]))
})

function hasAccount(name: string): Resource {
  const seen = kubeProbe('cert-manager.io/v1', 'ClusterIssuer', name)
  const ready = `k wait --for=condition=Ready clusterissuers.cert-manager.io/${name} --timeout=5s`
  return condition(
    {
      name: `issuer-${name}`,
      wanted: `ClusterIssuer ${name} has an account with its directory`,
      probes: [seen],
      holds: (answers) => issuerEvidence(name, answers.get(seen)),
      wait: `${kubectlPrelude(20)}
account() { said=$(${ready} 2>&1) || { said=$(k get clusterissuers.cert-manager.io ${name} -o 'jsonpath={.status.conditions[*].message}' 2>&1); return 1; }; }
${waitUntil('account', ACCOUNT_SECONDS, `an account of ClusterIssuer ${name} with its directory`)}`,
      timeoutMs: (ACCOUNT_SECONDS + 60) * 1000,
    },
    { after: ['manifests:cert-manager-issuers'] },
  )
}
