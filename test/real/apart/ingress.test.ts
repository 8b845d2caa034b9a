import { afterAll, beforeAll, describe, expect, test } from 'vitest'
import { command } from '../../../src/lab/local/command.ts'
import { LAN } from '../../../src/lab/network/addresses.ts'
import { AcmeServer } from '../../support/acme-server.ts'
import { type Ended, eventsOf, describe as told } from '../../support/command-line.ts'
import { HTTP_APP, httpService } from '../../support/http-app.ts'
import { KUBECTL, MainLab } from '../../support/main-lab.ts'
import { changedAnywhere, note } from '../../support/outcome.ts'

const UP_MS = 2_400_000
const STEP_MS = 600_000

const ADDRESS = '10.77.0.205'
const NAME = 'shop.lab.test'
const INGRESS = `
apiVersion: networking.k8s.io/v1
kind: Ingress
metadata: {name: shop, namespace: default, annotations: {cert-manager.io/cluster-issuer: lab}}
spec:
  tls: [{hosts: [${NAME}], secretName: shop-tls}]
  rules: [{host: ${NAME}, http: {paths: [{path: /, pathType: Prefix, backend: {service: {name: answering, port: {number: 80}}}}]}}]
`
const APP = `${HTTP_APP}---${httpService('ClusterIP')}---${INGRESS}`

let lab: MainLab
let acme: AcmeServer
beforeAll(async () => {
  lab = await MainLab.standing()
  acme = await AcmeServer.start(lab.lab, ADDRESS)
  // The cluster's own names for that zone: cert-manager looks whether it is answered before it asks for a certificate.
  const zone = `lab.test:53 {\\n  forward . ${acme.nameServer}\\n}\\n`
  await lab.sh(
    `${KUBECTL} -n kube-system get configmap coredns -o yaml >/root/coredns.yaml
sed '0,/\\.:53 {/s//${zone.replaceAll('\\n', '\\n    ')}.:53 {/' /root/coredns.yaml | ${KUBECTL} replace -f -
${KUBECTL} -n kube-system rollout restart deployment/coredns
${KUBECTL} -n kube-system rollout status deployment/coredns --timeout=300s`,
    STEP_MS,
    'cp1',
  )
}, UP_MS)
afterAll(async () => {
  // The cluster is shared: nothing of this stays.
  const crds = `${KUBECTL} get crd -o name | grep -E '\\.(metallb|cert-manager)\\.io$' | xargs -r ${KUBECTL} delete`
  await lab?.on(
    `${KUBECTL} delete --ignore-not-found ingress/shop service/answering deployment/answering configmap/answering secret/shop-tls
${KUBECTL} delete --ignore-not-found clusterissuers.cert-manager.io/lab
${KUBECTL} delete --ignore-not-found validatingwebhookconfiguration/metallb-webhook-configuration validatingwebhookconfiguration/cert-manager-webhook mutatingwebhookconfiguration/cert-manager-webhook
${crds}
${KUBECTL} delete --ignore-not-found namespace/metallb-system namespace/traefik namespace/cert-manager ingressclass/traefik
${KUBECTL} get clusterrole,clusterrolebinding -o name | grep -E 'metallb-system:|cert-manager|/traefik' | xargs -r ${KUBECTL} delete
${KUBECTL} -n kube-system get role,rolebinding -o name | grep cert-manager | xargs -r ${KUBECTL} -n kube-system delete
${KUBECTL} replace --force -f /root/coredns.yaml; ${KUBECTL} -n kube-system rollout restart deployment/coredns`,
    STEP_MS,
    'cp1',
  )
  await acme?.[Symbol.asyncDispose]()
  await lab?.[Symbol.asyncDispose]()
}, STEP_MS)

function up(...options: readonly string[]): Promise<Ended> {
  return lab.cli.json(['up', lab.inventory, '--yes', ...options])
}

/** From the lab's own end of the network, which is no node. */
function outside(argv: readonly string[]) {
  return command(lab.lab.inside(['curl', '-sS', '-m', '10', '--resolve', `${NAME}:443:${ADDRESS}`, ...argv]), {
    deadlineMs: 30_000,
  })
}

const TIMES = '%{time_connect} %{time_appconnect} %{time_starttransfer} %{time_total} %{http_version} %{remote_ip}'

// In order: each begins with what the one before left.
describe('a name over TLS, from outside to a pod', () => {
  test('MetalLB, Traefik and cert-manager are installed, the issuer has an account, and a second run changes nothing', {
    timeout: UP_MS,
  }, async () => {
    await lab.change(['loadBalancer'], { metallb: { pools: { office: { addresses: [`${ADDRESS}/32`] } } } })
    await lab.change(['ingress'], { address: ADDRESS, traefik: { accessLog: true } })
    const issuer = {
      acme: { server: acme.directory, caBundle: acme.caBundle },
      email: 'ops@lab.test',
      http01: {},
    }
    await lab.change(['certManager'], { issuers: { lab: issuer } })
    const ended = await up()
    expect(ended.code, told(ended)).toBe(0)
    expect(note(ended, 'cp1', 'condition:issuer-lab')).toContain('account')
    const again = await up()
    expect(again.code, told(again)).toBe(0)
    expect(changedAnywhere(again)).toEqual([])
    for (const { result } of eventsOf(again, 'host')) expect(result.counters.channels).toBe(2)
  })

  test('the certificate is issued by the private directory, over HTTP-01 through the ingress', {
    timeout: STEP_MS,
  }, async () => {
    await lab.sh(`${KUBECTL} apply -f - <<'E'\n${APP}\nE`, STEP_MS, 'cp1')
    const state = `get certificate,order,challenge -o jsonpath='{range .items[*]}{.kind} {.status}{"\\n"}{end}'`
    await lab
      .kubectl('wait --for=condition=Ready certificate/shop-tls --timeout=300s', STEP_MS)
      .catch(async (error: unknown) => {
        throw new Error(`${error}\n${await lab.kubectl(state)}`)
      })
    await lab.kubectl('rollout status deployment/answering --timeout=300s', STEP_MS)
  })

  test('it is answered over that certificate, and Traefik sees who asked', { timeout: STEP_MS }, async ({
    annotate,
  }) => {
    const root = await acme.rootFile()
    const url = `https://${NAME}/health`
    const { code, stdout, stderr } = await outside(['--cacert', root, '-w', `\n${TIMES}`, url])
    expect(code, stderr).toBe(0)
    const [body, times = ''] = stdout.split('\n')
    expect(body).toBe('OK')
    const [connect, tls, first, total, version, remote] = times.split(' ')
    expect([version, remote]).toEqual(['2', ADDRESS])
    await annotate(`TCP after ${connect} s, TLS ${tls} s, first byte ${first} s, all ${total} s`)
    // Nobody else's word for it: the root the world trusts did not sign it.
    expect((await outside([url])).code).toBe(60)
    const logged = await lab.kubectl('-n traefik logs -l app.kubernetes.io/name=traefik --tail=-1')
    const asked = logged
      .split('\n')
      .flatMap((line) => (line.startsWith('{') ? [JSON.parse(line) as Record<string, unknown>] : []))
      .filter(({ RequestHost, RequestPath }) => RequestHost === NAME && RequestPath === '/health')
    expect(asked).not.toEqual([])
    for (const { ClientHost, DownstreamStatus } of asked)
      expect([ClientHost, DownstreamStatus]).toEqual([LAN.gateway, 200])
  })

  test('without the keys nothing of it is left but what was said', { timeout: UP_MS }, async () => {
    await lab.change(['certManager', 'issuers'], {})
    const ended = await up()
    expect(ended.code, told(ended)).toBe(0)
    expect(changedAnywhere(ended)).toEqual(['cp1 removed:cert-manager-issuers', 'cp1 manifests:cert-manager-issuers'])
    expect(await lab.kubectl('get clusterissuers.cert-manager.io -o name')).toBe('')
  })
})
