import { cp, readFile, writeFile } from 'node:fs/promises'
import { join } from 'node:path'
import { buildCommand } from './build-command.ts'
import { fetchModule } from './make-go.ts'
import type { Making, Part } from './part.ts'
import type { ChartManifestRecipe } from './recipe.ts'

const FIX = 'look at the lines above; the digest of the recipe belongs to this version of the chart and of helm'

/**
 * The manifest as the release makes it (cert-manager's `make/manifests.mk`): licence, namespace, the definitions, then the rest
 * of what helm makes of the chart. Its digest is checked by whoever adopts the part.
 */
export async function makeChartManifest(
  recipe: ChartManifestRecipe,
  inputs: ReadonlyMap<string, Part>,
  making: Making,
): Promise<void> {
  const helm = join(inputs.get(recipe.helm)?.dir ?? '', 'helm')
  const module = await fetchModule(recipe.module, making)
  // Go's cache cannot be written to, and helm wants the version in the chart.
  const chart = join(making.scratch, 'chart')
  await cp(join(module.dir, recipe.chart), chart, { recursive: true })
  const { version } = recipe.module
  const run = (words: readonly string[]) =>
    buildCommand([helm, ...words], { cwd: making.scratch, env: { HOME: making.scratch }, fix: FIX })
  await run(['package', `--version=${version}`, `--app-version=${version}`, chart])
  const name = /^name: *(\S+)$/m.exec(await readFile(join(chart, 'Chart.yaml'), 'utf8'))?.[1]
  const rendered = (...more: readonly string[]) =>
    run(['template', ...recipe.options, ...more, recipe.release, `${name}-${version}.tgz`])
  const { licence, year, namespace } = recipe.head
  const [words, room] = await Promise.all([licence, namespace].map((file) => readFile(join(module.dir, file), 'utf8')))
  const all = documentsOf(await rendered(recipe.withDefinitions))
  const definitions = all.filter(isDefinition).map((text) => `${text.trim()}\n`)
  const others = await asHelm3(documentsOf(await rendered()), chart)
  const text = [room, joined(definitions), joined(others)].join('\n---\n')
  await writeFile(join(making.dir, recipe.artifact), `${words?.replaceAll('YEAR', year)}${text}`)
}

/** Without their separators. */
function documentsOf(text: string): readonly string[] {
  return `${text}\n`.split(/^---\n/m).filter((each) => each.trim() !== '')
}

const joined = (documents: readonly string[]): string => documents.join('---\n')

/**
 * helm 3, which the release is made with, ends each document but the last one of a template with one line end. helm puts
 * documents in order by kind, and those of a kind as they stand.
 */
async function asHelm3(documents: readonly string[], chart: string): Promise<readonly string[]> {
  const template = (text: string) => /^# Source: [^/]*\/(.*)$/m.exec(text)?.[1] ?? ''
  const kinds = (text: string) => [...text.matchAll(/^kind: (\w+)$/gm)].map(([, kind]) => kind)
  const last = new Map<string, number>()
  for (const [i, text] of documents.entries()) {
    const file = template(text)
    if (kinds(await readFile(join(chart, file), 'utf8')).at(-1) === kinds(text)[0]) last.set(file, i)
  }
  return documents.map((text, i) => (last.get(template(text)) === i ? text : `${text.trimEnd()}\n`))
}

function isDefinition(text: string): boolean {
  return /^kind: CustomResourceDefinition$/m.test(text)
}
