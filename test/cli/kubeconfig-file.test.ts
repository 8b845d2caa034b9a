import { mkdtempSync, readFileSync, rmSync, statSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterAll, describe, expect, it } from 'vitest'
import { parse } from 'yaml'
import { mergeKubeconfig, writeKubeconfig } from '../../src/cli/kubeconfig-file.ts'

const admin = (key: string) => `apiVersion: v1
kind: Config
clusters:
- name: kubernetes
  cluster: {server: "https://10.0.0.11:6443", certificate-authority-data: Q0E=}
users:
- name: kubernetes-admin
  user: {client-key-data: ${key}}
contexts:
- name: kubernetes-admin@kubernetes
  context: {cluster: kubernetes, user: kubernetes-admin}
current-context: kubernetes-admin@kubernetes
`

const MINE = `# my clusters
apiVersion: v1
kind: Config
clusters:
- name: work   # do not touch
  cluster: {server: "https://work:6443"}
users: []
contexts: []
current-context: work
`

describe('mergeKubeconfig', () => {
  it('adds a cluster under its own name, and leaves the rest as it was, comments too', () => {
    const merged = mergeKubeconfig(MINE, admin('S0VZ'), 'lab')
    expect(merged).toContain('# my clusters')
    expect(merged).toContain('# do not touch')
    const config = parse(merged)
    expect(config['current-context']).toBe('work')
    expect(config.clusters.map(({ name }: { name: string }) => name)).toEqual(['work', 'lab'])
    expect(config.contexts).toEqual([{ name: 'lab', context: { cluster: 'lab', user: 'lab-admin' } }])
    expect(config.users).toEqual([{ name: 'lab-admin', user: { 'client-key-data': 'S0VZ' } }])
  })
  it('replaces the cluster the next time, and then changes nothing any more', () => {
    const once = mergeKubeconfig(MINE, admin('S0VZ'), 'lab')
    const twice = mergeKubeconfig(once, admin('TkVX'), 'lab')
    expect(parse(twice).users).toEqual([{ name: 'lab-admin', user: { 'client-key-data': 'TkVX' } }])
    expect(mergeKubeconfig(twice, admin('TkVX'), 'lab')).toBe(twice)
  })
  it('makes a new file, with the context chosen', () => {
    expect(parse(mergeKubeconfig('', admin('S0VZ'), 'lab'))).toMatchObject({ kind: 'Config', 'current-context': 'lab' })
  })
  it.each(['- a list', 'a: [', 'just text'])('refuses %j, which is no kubeconfig', (text) => {
    expect(() => mergeKubeconfig(text, admin('S0VZ'), 'lab')).toThrow(/is not a kubeconfig/)
  })
})

describe('writeKubeconfig', () => {
  const folder = mkdtempSync(join(tmpdir(), 'provision-kube-'))
  afterAll(() => rmSync(folder, { recursive: true }))

  it('writes for the owner alone, makes the folder, and writes once', async () => {
    const path = join(folder, 'kube', 'lab.kubeconfig')
    expect(await writeKubeconfig(path, 'x')).toBe(true)
    expect(statSync(path).mode & 0o777).toBe(0o600)
    const { ino } = statSync(path)
    expect(await writeKubeconfig(path, 'x')).toBe(false)
    expect(statSync(path).ino).toBe(ino)
  })
  it('takes the rights of others away', async () => {
    const path = join(folder, 'open')
    writeFileSync(path, 'x', { mode: 0o644 })
    await writeKubeconfig(path, 'x')
    expect(statSync(path).mode & 0o777).toBe(0o600)
    expect(readFileSync(path, 'utf8')).toBe('x')
  })
})
