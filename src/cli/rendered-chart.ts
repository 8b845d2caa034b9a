import { chmod, mkdtemp, rm, writeFile } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import type { ArtifactFile } from '../artifacts/artifact.ts'
import type { HelmRelease } from '../cluster/helm-chart.ts'
import { FailedError } from '../core/errors.ts'
import { local } from '../transport/local.ts'

/**
 * What a chart makes of its values, by `helm template`: no cluster is asked, and nothing of the user's own helm is read. Both
 * files are read through their own door, which checks their digests. @throws FailedError with helm's own words
 */
export async function renderedChart(helm: ArtifactFile, chart: ArtifactFile, release: HelmRelease): Promise<string> {
  const folder = await mkdtemp(join(tmpdir(), 'provision-chart-'))
  try {
    const [program, archive] = [join(folder, 'helm'), join(folder, 'chart.tgz')]
    await writeFile(program, helm.open())
    await chmod(program, 0o700)
    await writeFile(archive, chart.open())
    const { name, namespace, kubernetes, values } = release
    const options = [
      '--namespace',
      namespace,
      '--kube-version',
      kubernetes,
      '--include-crds',
      '--skip-tests',
      '--no-hooks',
    ]
    const { code, stdout, stderr } = await local([program, 'template', name, archive, ...options, '--values', '-'], {
      cwd: folder,
      env: { HOME: folder, PATH: '/usr/bin:/bin' },
      input: JSON.stringify(values),
    })
    if (code === 0) return stdout
    throw new FailedError({
      what: `the chart ${chart.artifact.name} cannot be rendered: ${stderr.trim() || `helm ended with ${code}`}`,
      where: 'this machine',
      why: `helm ${helm.artifact.version} made nothing of it with values from the inventory`,
      fix: 'take the chart and the helm of the catalog (`provision version --json`)',
    })
  } finally {
    await rm(folder, { recursive: true, force: true })
  }
}
