import { execFileSync } from 'node:child_process'
import { chmodSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterAll, beforeAll, expect, test } from 'vitest'
import { type KubeRef, type KubeSeen, kubeObject } from '../../src/facts/kube-object.ts'
import { ADMIN_CONF, BIN_DIR } from '../../src/facts/kubectl.ts'

const NODE: KubeRef = { apiVersion: 'v1', kind: 'Node', name: 'cp1' }
const POOL: KubeRef = {
  apiVersion: 'metallb.io/v1beta1',
  kind: 'IPAddressPool',
  namespace: 'metallb-system',
  name: 'office',
}

let folder: string
beforeAll(() => {
  folder = mkdtempSync(join(tmpdir(), 'provision-kubectl-'))
  writeFileSync(join(folder, 'admin.conf'), '')
})
afterAll(() => rmSync(folder, { recursive: true }))

/** What the fact makes of a kubectl that behaves as `body` says; `$asked` is what it got on standard input. */
function seen(body: string, refs: readonly KubeRef[]): readonly KubeSeen[] {
  const program = join(folder, 'kubectl')
  writeFileSync(program, `#!/bin/sh\nasked=$(cat)\n${body}\n`)
  chmodSync(program, 0o755)
  const script = kubeObject
    .script(refs)
    .replaceAll(`${BIN_DIR}/kubectl`, program)
    .replaceAll(ADMIN_CONF, join(folder, 'admin.conf'))
  const lines = execFileSync('sh', ['-c', script], { encoding: 'utf8' })
    .split('\n')
    .map((line) => line.split('\t'))
  return refs.map((ref) => {
    const id = kubeObject.id(ref)
    return kubeObject.parse(
      lines.filter(([first]) => first === id).map(([, ...fields]) => fields),
      ref,
    )
  })
}

const node = JSON.stringify({ apiVersion: 'v1', kind: 'Node', metadata: { name: 'cp1' } })
const PRINT_NODE = `printf 'v1 Node//cp1\\tobject\\t%s\\n' '${node}'`
const unknownKind = (kind: string, version: string) =>
  `printf 'error: unable to recognize "STDIN": no matches for kind "${kind}" in version "${version}"\\n'; exit 1`

test('an object that is there, and one that is not', () => {
  const [there, absent] = seen(PRINT_NODE, [NODE, { ...NODE, name: 'w9' }])
  expect([there?.state, absent?.state]).toEqual(['present', 'absent'])
})

test('a kind of an add-on that is not installed hides nothing else', () => {
  const pool = unknownKind('IPAddressPool', 'metallb.io/v1beta1')
  const [there, absent] = seen(`case $asked in *metallb*) ${pool} ;; esac\n${PRINT_NODE}`, [NODE, POOL])
  expect([there?.state, absent?.state]).toEqual(['present', 'absent'])
})

test('an API server that cannot say what it has is down, not empty', () => {
  const body = unknownKind('Node', 'v1')
  expect(seen(body, [NODE])).toEqual([{ state: 'down', reason: expect.stringContaining('no matches for kind "Node"') }])
  expect(seen(body, [NODE, POOL]).map(({ state }) => state)).toEqual(['down', 'down'])
})

test('a host without a kubeconfig has no cluster', () => {
  const script = kubeObject.script([NODE]).replaceAll('/etc/kubernetes/', `${folder}/none/`)
  expect(execFileSync('sh', ['-c', script], { encoding: 'utf8' })).toBe('')
  expect(kubeObject.parse([], NODE)).toEqual({ state: 'none' })
})

test('two groups may call a kind the same', () => {
  const peer = (apiVersion: string): KubeRef => ({ apiVersion, kind: 'BGPPeer', name: 'rack' })
  const printed = (apiVersion: string, uid: string) =>
    `printf '${apiVersion} BGPPeer//rack\\tobject\\t%s\\n' '${JSON.stringify({ apiVersion, kind: 'BGPPeer', metadata: { name: 'rack', uid } })}'`
  const [calico, metallb] = ['crd.projectcalico.org/v1', 'metallb.io/v1beta2']
  const both = seen(`${printed(calico, 'a')}\n${printed(metallb, 'b')}`, [peer(metallb), peer(calico)])
  expect(both.map((one) => one.state === 'present' && one.object.metadata.uid)).toEqual(['b', 'a'])
})
