import { existsSync, mkdirSync, readdirSync, readFileSync, statSync, utimesSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { afterEach, beforeEach, describe, expect, it } from 'vitest'
import { openBundle } from '../../src/artifacts/bundle.ts'
import { openSource } from '../../src/artifacts/source.ts'
import { nodeArtifacts } from '../../src/cli/node-artifacts.ts'
import { FakeOffice } from '../support/fake-run.ts'
import { writeSmallBundle } from '../support/small-bundle.ts'

let office: FakeOffice
let inventory = ''
let source = ''
beforeEach(async () => {
  office = new FakeOffice()
  inventory = office.inventory('a', 'b')
  source = join(office.folder, 'source')
  await writeSmallBundle(source, inventory)
  writeFileSync(inventory, `${readFileSync(inventory, 'utf8')}artifacts: {source: {bundle: ${source}}}\n`)
})
afterEach(() => office.remove())

const bundle = (...words: readonly string[]) => office.run(['bundle', inventory, ...words])
const out = (name: string) => join(office.folder, name)
const read = (name: string) => readFileSync(out(name))

describe('provision bundle', () => {
  it('writes what the inventory needs, for the wanted processors, and says under which licences', async () => {
    const { code, out: said } = await bundle('--out', 'made')
    expect(code).toBe(0)
    expect(said).toMatch(/made: 12 programs, \d+ images, 1 manifest/)
    expect(said).toMatch(/licences, .*Apache-2\.0 \(\d+\)/)
    const { artifacts, file } = await openBundle(out('made'))
    expect(new Set(artifacts.map(({ arch }) => arch))).toEqual(new Set(['amd64', 'any']))
    expect(file('pause', 'amd64').artifact.reference).toMatch(/^registry\.k8s\.io\/pause:/)
    expect(readdirSync(office.folder).filter((name) => name.includes('.parts') || name.includes('.old'))).toEqual([])
    const both = await bundle('--out', 'both', '--arch', 'arm64,amd64', '--json')
    expect(both.code).toBe(0)
    const last = JSON.parse(both.out.trim().split('\n').at(-1) ?? '')
    expect(last).toMatchObject({ type: 'bundle', path: 'both' })
    expect(last.artifacts).toHaveLength((await openBundle(out('both'))).artifacts.length)
    expect(readFileSync(out('both/bundle.json'))).toEqual(readFileSync(join(source, 'bundle.json')))
  })

  it('writes a tar that is a bundle too, and the same bytes each time', async () => {
    expect((await bundle('--out', 'one.tar')).code).toBe(0)
    for (const name of readdirSync(join(source, 'bin/amd64'), { withFileTypes: true }))
      if (name.isFile()) utimesSync(join(name.parentPath, name.name), 1, 1)
    expect((await bundle('--out', 'two.tar')).code).toBe(0)
    expect(read('one.tar').equals(read('two.tar'))).toBe(true)
    const { artifacts } = await openBundle(out('one.tar'))
    expect(artifacts.length).toBeGreaterThan(15)
    // Files inside it are read through their own door.
    const supply = await openSource(
      { kind: 'bundle', path: out('one.tar') },
      { cacheDir: office.folder, report: () => undefined },
    )
    const inside = nodeArtifacts(supply, { label: 'bundle', pulls: false, digest: () => undefined })
    expect(await inside.manifest('kube-flannel.yml').promise).toBe('kube-flannel.yml for any')
    expect((await inside.program('kubelet').promise).map(({ arch }) => arch)).toEqual(['amd64'])
    // Over an old one, too.
    expect((await bundle('--out', 'one.tar')).code).toBe(0)
    expect(read('one.tar').equals(read('two.tar'))).toBe(true)
  })

  it('goes on with what was there, but not with what was spoilt', async () => {
    mkdirSync(out('made.parts/bin/amd64'), { recursive: true })
    const kept = join(source, 'bin/amd64/kubelet')
    writeFileSync(out('made.parts/bin/amd64/kubelet'), readFileSync(kept))
    const { ino } = statSync(out('made.parts/bin/amd64/kubelet'))
    writeFileSync(out('made.parts/bin/amd64/kubeadm'), 'spoilt')
    writeFileSync(out('made.parts/bin/amd64/left-over'), 'of another inventory')
    expect((await bundle('--out', 'made')).code).toBe(0)
    expect(statSync(out('made/bin/amd64/kubelet')).ino).toBe(ino)
    expect(String(read('made/bin/amd64/kubeadm'))).toBe('kubeadm for amd64')
    expect(existsSync(out('made/bin/amd64/left-over'))).toBe(false)
  })

  it('refuses bytes that are not what they should be, and leaves no bundle', async () => {
    writeFileSync(join(source, 'bin/amd64/runc'), 'evil for amd64')
    const { code, err } = await bundle('--out', 'made')
    expect(code).toBe(3)
    expect(err).toMatch(/runc v1.36.3 has sha256 [0-9a-f]{64} .*expected [0-9a-f]{64}/)
    expect(existsSync(out('made'))).toBe(false)
  })

  it('takes the place of a bundle, and of nothing else', async () => {
    expect((await bundle('--out', 'made')).code).toBe(0)
    expect((await bundle('--out', 'made', '--arch', 'arm64')).code).toBe(0)
    expect((await openBundle(out('made'))).file('kubelet').artifact.arch).toBe('arm64')
    mkdirSync(out('mine'))
    writeFileSync(out('mine/precious'), 'x')
    const { code, err } = await bundle('--out', 'mine')
    expect(code).toBe(2)
    expect(err).toContain('is there already, and is no bundle')
    expect(readdirSync(out('mine'))).toEqual(['precious'])
  })

  it.each([
    [['--arch', 'riscv64', '--out', 'x'], /It must be amd64 or arm64/],
    [['--out', 'x', '--arch', ''], /It must be amd64 or arm64/],
    [[], /--out <PATH>' not specified/],
  ])('refuses %j', async (words, message) => {
    const { code, err } = await bundle(...words)
    expect(code).toBe(2)
    expect(err).toMatch(message)
  })
})
