import { execFileSync } from 'node:child_process'
import { mkdirSync, mkdtempSync, readdirSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { dirname, join } from 'node:path'
import { afterEach, beforeEach, describe, expect, it } from 'vitest'
import { tornAuthority, tornFiles } from '../../src/resources/torn-files.ts'

let folder = ''
beforeEach(() => {
  folder = join(mkdtempSync(join(tmpdir(), 'provision-torn-')), 'kubernetes')
})
afterEach(() => rmSync(dirname(folder), { recursive: true }))

const PAIRS = ['ca', 'apiserver', 'front-proxy-ca', 'etcd/ca', 'etcd/server'].flatMap((name) => [
  `pki/${name}.crt`,
  `pki/${name}.key`,
])
const KUBELET = ['dra_manager_state', 'config.yaml', 'pki/kubelet.crt', 'pki/kubelet.key', 'pki/kubelet-client-1.pem']
const ALL = [
  ...PAIRS,
  ...['pki/sa.key', 'pki/sa.pub', 'admin.conf', 'kubelet.conf', 'manifests/etcd.yaml'],
  ...KUBELET.map((name) => `var/${name}`),
].toSorted()

/** What is there after a power cut that left these empty, and the shell said so. */
function powerCut(command: 'mend_torn' | 'mend_torn_first', ...empty: readonly string[]) {
  for (const name of [...ALL, 'provision/empty']) {
    const path = join(folder, name)
    mkdirSync(dirname(path), { recursive: true })
    writeFileSync(path, empty.includes(name) || name === 'provision/empty' ? '' : 'x\n')
  }
  const said = execFileSync(
    'sh',
    ['-euc', `${tornFiles(folder, `${folder}/var`)}\n${tornAuthority(folder, `${folder}/var`)}\n${command}`],
    {
      encoding: 'utf8',
    },
  )
  return { said, left: files(), lost: ALL.filter((name) => !files().includes(name)) }
}

function files(): readonly string[] {
  const found = readdirSync(folder, { recursive: true, withFileTypes: true }).filter((entry) => entry.isFile())
  return found.map(({ parentPath, name }) => join(parentPath, name).slice(folder.length + 1)).toSorted()
}

describe('files a power cut left empty', () => {
  it('leaves all alone where none is', () => {
    expect(powerCut('mend_torn')).toMatchObject({ said: '', lost: [] })
    expect(powerCut('mend_torn_first')).toMatchObject({ said: '', lost: [] })
  })

  it('takes a key away with its certificate, and a kubeconfig or manifest alone', () => {
    const { said, lost } = powerCut('mend_torn', 'pki/apiserver.key', 'admin.conf', 'manifests/etcd.yaml')
    expect(lost).toEqual(['admin.conf', 'manifests/etcd.yaml', 'pki/apiserver.crt', 'pki/apiserver.key'])
    expect(said).toContain('pki/apiserver.key is empty, as a power cut leaves it')
  })

  it('takes what the kubelet cannot start with: its serving pair, a client certificate, a state', () => {
    expect(powerCut('mend_torn', 'var/pki/kubelet.crt').lost).toEqual(['var/pki/kubelet.crt', 'var/pki/kubelet.key'])
    const { lost } = powerCut('mend_torn', 'var/pki/kubelet-client-1.pem', 'var/dra_manager_state')
    expect(lost).toEqual(['var/dra_manager_state', 'var/pki/kubelet-client-1.pem'])
  })

  it('takes the keys of an authority away where they can be fetched again', () => {
    expect(powerCut('mend_torn', 'pki/etcd/ca.key').lost).toEqual(['pki/etcd/ca.crt', 'pki/etcd/ca.key'])
    expect(powerCut('mend_torn', 'pki/sa.pub').lost).toEqual(['pki/sa.key', 'pki/sa.pub'])
  })

  it.each(['pki/ca.key', 'pki/front-proxy-ca.crt', 'pki/etcd/ca.crt', 'pki/sa.key'])(
    'puts all aside that was signed by what is lost where it is made: %s',
    (name) => {
      const { said, lost, left } = powerCut('mend_torn_first', name)
      const aside = ALL.filter((file) => !/^(manifests|var)\//.test(file))
      expect(lost).toEqual([...aside, 'var/pki/kubelet-client-1.pem'])
      expect(left.filter((file) => file.startsWith('pki.torn-')).map((file) => file.replace(/^[^/]*\//, ''))).toEqual(
        aside,
      )
      expect(said).toContain('put aside in')
    },
  )

  it('a leaf costs only its pair on the first node as well', () => {
    expect(powerCut('mend_torn_first', 'pki/etcd/server.crt').lost).toEqual([
      'pki/etcd/server.crt',
      'pki/etcd/server.key',
    ])
  })
})
