import { mkdtemp, rm } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterAll, beforeAll, expect, test } from 'vitest'
import { parse } from 'yaml'
import type { ArtifactFile } from '../../../src/artifacts/artifact.ts'
import { artifactFile, measureFile } from '../../../src/artifacts/artifact-file.ts'
import { renderedChart } from '../../../src/cli/rendered-chart.ts'
import { build } from '../../../src/lab/bundle/builder.ts'
import { HELM_RECIPE } from '../../../src/lab/bundle/helm-recipe.ts'
import { must } from '../../../src/lab/local/command.ts'
import { LAB_CACHE } from '../../support/lab-parts.ts'

const CHARTS = new URL('../../cases/charts/', import.meta.url).pathname

let folder: string
let helm: ArtifactFile
let chart: ArtifactFile
beforeAll(async () => {
  folder = await mkdtemp(join(tmpdir(), 'chart-test-'))
  const { parts, release } = build([HELM_RECIPE], LAB_CACHE)
  const made = await parts.get(HELM_RECIPE.name)?.finally(release)
  if (!made) throw new Error('there is no helm')
  helm = await artifact('helm', join(made.dir, 'helm'))
  const archive = join(folder, 'sample.tgz')
  await must(['tar', '-czf', archive, '-C', CHARTS, 'sample'], { deadlineMs: 10_000 })
  chart = await artifact('sample.tgz', archive)
})
afterAll(() => rm(folder, { recursive: true, force: true }))

async function artifact(name: string, path: string): Promise<ArtifactFile> {
  const facts = { name, version: 'v1', arch: 'any', kind: 'binary', licence: 'Apache-2.0' } as const
  return artifactFile({ ...facts, ...(await measureFile(path)) }, path)
}

const release = (values: Readonly<Record<string, unknown>>) => ({
  name: 'hello',
  namespace: 'greetings',
  kubernetes: '1.36.3',
  values,
})

test('a chart is rendered with values, names and the version of the cluster, and its hooks are left out', async () => {
  const text = await renderedChart(helm, chart, release({ greeting: 'a: "b"' }))
  expect(parse(text)).toEqual({
    apiVersion: 'v1',
    kind: 'ConfigMap',
    metadata: { name: 'hello', namespace: 'greetings' },
    data: { greeting: 'a: "b"', kubernetes: 'v1.36.3' },
  })
  expect(await renderedChart(helm, chart, release({ greeting: 'a: "b"' }))).toBe(text)
})

test('what helm says is told, and whose words they are', async () => {
  const failed = renderedChart(helm, chart, release({ greeting: '' }))
  await expect(failed).rejects.toThrow(/sample\.tgz cannot be rendered: .*a greeting is wanted/s)
})

test('bytes that are not the ones of the catalog are not run', async () => {
  const other = { ...chart.artifact, sha256: '0'.repeat(64) }
  const failed = renderedChart(helm, artifactFile(other, chart.path), release({ greeting: 'hello' }))
  await expect(failed).rejects.toThrow(/expected 0{64}/)
})
