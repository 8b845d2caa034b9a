import { execFile, spawn } from 'node:child_process'
import { mkdir, mkdtemp, readdir, readFile, rm, utimes } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { promisify } from 'node:util'
import { afterAll, beforeAll, describe, expect, test } from 'vitest'
import type { Bundle } from '../../../src/artifacts/bundle.ts'
import { openBundle } from '../../../src/artifacts/bundle.ts'
import type { EventBody, TaskEvent } from '../../../src/core/events.ts'
import { startBundle } from '../../../src/lab/bundle/bundle.ts'
import type { Recipe } from '../../../src/lab/bundle/recipe.ts'
import { RECIPES } from '../../../src/lab/bundle/recipes.ts'

const run = promisify(execFile)
const SMALL = ['cni-plugins', 'own-programs', 'flannel-manifest', 'pause', 'flannel-cni-plugin']
const recipes = RECIPES.filter((recipe) => SMALL.includes(recipe.name))

let root = ''
let first: Bundle
beforeAll(async () => {
  root = await mkdtemp(join(tmpdir(), 'provision-parts-'))
  first = (await make('first')).bundle
})
afterAll(() => rm(root, { recursive: true, force: true }))

async function make(cache: string, more: { readonly recipes?: readonly Recipe[]; readonly signal?: AbortSignal } = {}) {
  const tasks: TaskEvent[] = []
  const report = (event: EventBody) => {
    if (event.type === 'task' && event.id.startsWith('bundle/')) tasks.push(event)
  }
  const options = {
    cacheDir: join(root, cache),
    report,
    jobs: 2,
    ...(more.signal === undefined ? {} : { signal: more.signal }),
  }
  const bundle = await startBundle(options, more.recipes ?? recipes).done
  return {
    bundle,
    states: new Map(tasks.filter((task) => task.state !== 'progress').map((task) => [task.id.slice(7), task.state])),
  }
}

async function readAll(bundle: Bundle): Promise<number> {
  let sizeBytes = 0
  for (const { name } of bundle.artifacts)
    for await (const chunk of bundle.file(name).open()) sizeBytes += chunk.byteLength
  return sizeBytes
}

describe('parts of the bundle', () => {
  test('made twice from nothing, in two folders, they are the same bytes', async () => {
    const second = (await make('second')).bundle
    expect(second.artifacts).toEqual(first.artifacts)
    expect(await readFile(join(second.path, 'bundle.json'))).toEqual(await readFile(join(first.path, 'bundle.json')))
    const sizes = first.artifacts.map((artifact) => artifact.size)
    expect(await readAll(second)).toBe(sizes.reduce((sum, size) => sum + size, 0))
  })

  test('the folder can be opened again, and also as a tar', async () => {
    const tar = join(root, 'bundle.tar')
    await run('tar', ['-C', first.path, '-cf', tar, '.'])
    const opened = await openBundle(tar)
    expect(opened.artifacts).toEqual((await openBundle(first.path)).artifacts)
    await readAll(opened)
  })

  test('made again, everything comes from the cache, and no file is touched', async () => {
    const long = new Date('2001-01-01')
    const file = join(first.path, 'bin/cni/bridge')
    await utimes(file, long, long)
    const again = await make('first')
    expect(new Set(again.states.values())).toEqual(new Set(['cached']))
    expect(again.bundle.path).toBe(first.path)
    const { stdout } = await run('stat', ['-c', '%Y', file])
    expect(Number(stdout) * 1000).toBe(long.getTime())
  })

  test('a changed recipe rebuilds its part and what is made from it, nothing else', async () => {
    const changed = recipes.map((recipe) => (recipe.name === 'pause' ? { ...recipe, title: 'another title' } : recipe))
    const { states } = await make('first', { recipes: changed })
    expect(Object.fromEntries(states)).toEqual({
      ...Object.fromEntries(SMALL.map((name) => [name, 'cached'])),
      pause: 'ok',
    })
  })

  test('two builders at one cache make each part once', async () => {
    const both = await Promise.all([make('shared'), make('shared')])
    expect(both[0].bundle.path).toBe(both[1].bundle.path)
    const made = both.flatMap(({ states }) => [...states].filter(([, state]) => state === 'ok').map(([name]) => name))
    expect(made.sort()).toEqual([...SMALL].sort())
  })

  test('stopped half way, nothing half made looks whole, and the next one finishes', async () => {
    const stop = new AbortController()
    const working = make('stopped', { signal: stop.signal })
    await expect.poll(() => readdir(join(root, 'stopped/parts')).catch(() => []), { timeout: 60_000 }).not.toEqual([])
    stop.abort()
    await expect(working).rejects.toThrow(/abort/)
    await mkdir(join(root, 'stopped/parts/.cni-plugins-killed'), { recursive: true })
    const { bundle } = await make('stopped')
    expect(bundle.artifacts).toEqual(first.artifacts)
    expect((await readdir(join(root, 'stopped/parts'))).filter((name) => name.startsWith('.'))).toEqual([])
  })

  test('a program that does not compile fails its part with the compiler’s words; the others are kept', async () => {
    const broken = recipes.map((recipe) =>
      recipe.kind === 'go'
        ? { ...recipe, programs: [{ package: 'github.com/containernetworking/plugins/nowhere' }] }
        : recipe,
    )
    const error: unknown = await make('broken', { recipes: broken }).catch((thrown: unknown) => thrown)
    expect(error).toMatchObject({ name: 'FailedError', trouble: { why: expect.stringContaining('plugins/nowhere') } })
    expect((await readdir(join(root, 'broken/parts'))).map((name) => name.replace(/-[0-9a-f]+$/, ''))).toContain(
      'own-programs',
    )
  })
})

test('a manifest upstream changed under the same version is refused, naming both digests', async () => {
  const wrong = recipes.map((recipe) => (recipe.kind === 'manifest' ? { ...recipe, sha256: 'a'.repeat(64) } : recipe))
  await expect(make('first', { recipes: wrong })).rejects.toThrow(
    /kube-flannel\.yml .* has sha256 [0-9a-f]{64}, expected a{64}/,
  )
})

test('one artifact can be had before the rest, and a name that is not in it is refused at once', async () => {
  const started = startBundle({ cacheDir: join(root, 'first'), report: () => {}, jobs: 1 }, recipes)
  expect(started.names).toEqual(expect.arrayContaining(['cni/bridge', 'pause', 'kube-flannel.yml']))
  expect((await started.artifact('cni/bridge')).artifact).toMatchObject({ name: 'cni/bridge', kind: 'binary' })
  await expect(started.artifact('kubelet')).rejects.toThrow("the lab's bundle does not hold kubelet")
  await started.done
})

describe('our own programs', () => {
  const program = async (name: string) => {
    const parts = await readdir(join(root, 'first/parts'))
    return join(root, 'first/parts', parts.find((part) => part.startsWith('own-programs-')) ?? '', name)
  }

  test('pause stays until it is told to go, then goes at once', async () => {
    const child = spawn(await program('pause'))
    const ended = new Promise<number | null>((resolve) => child.once('exit', resolve))
    expect(await Promise.race([ended, new Promise((resolve) => setTimeout(resolve, 300, 'still there'))])).toBe(
      'still there',
    )
    child.kill('SIGTERM')
    expect(await ended).toBe(0)
  })

  test('copy takes the place of a program that is running', async () => {
    const [copy, pause, echo] = await Promise.all(['copy', 'pause', 'echo'].map(program))
    const target = join(root, 'target')
    await run(copy ?? '', ['-f', pause ?? '', target])
    const child = spawn(target)
    await run(copy ?? '', ['-f', echo ?? '', target])
    child.kill()
    expect(await readFile(target)).toEqual(await readFile(echo ?? ''))
    await expect(run(copy ?? '', ['-f', '/nowhere', target])).rejects.toMatchObject({ code: 1 })
  })
})
