import { homedir } from 'node:os'
import { join } from 'node:path'
import { describe, expect, test } from 'vitest'
import type { ArtifactFile } from '../../../src/artifacts/artifact.ts'
import { startBundle } from '../../../src/lab/bundle/bundle.ts'
import { RECIPES } from '../../../src/lab/bundle/recipes.ts'
import { binary } from '../../../src/resources/binary.ts'
import { file } from '../../../src/resources/file.ts'
import { image } from '../../../src/resources/image.ts'
import { unit } from '../../../src/resources/unit.ts'
import { HostProgram } from '../../support/host-program.ts'
import { SystemdHost } from '../../support/systemd-host.ts'

const cacheDir = join(process.env.XDG_CACHE_HOME ?? join(homedir(), '.cache'), 'provision')
const recipes = RECIPES.filter(({ name }) => ['containerd', 'own-programs', 'pause', 'echo'].includes(name))
const bundle = startBundle({ cacheDir, jobs: 2, report: () => undefined }, recipes)
const [containerd, shim, ctr, pause, echo] = await Promise.all(
  ['containerd', 'containerd-shim-runc-v2', 'ctr', 'pause', 'echo'].map((name) => bundle.artifact(name)),
)
await bundle.done

const UNIT = `[Service]
Type=notify
ExecStart=/usr/local/bin/containerd
Restart=always
[Install]
WantedBy=multi-user.target
`

/** What a playbook lists to have a container runtime. */
function runtime() {
  const at = (artifact: ArtifactFile | undefined, name: string) =>
    binary({ artifact: artifact as ArtifactFile, path: `/usr/local/bin/${name}` })
  const unitFile = file({ path: '/etc/systemd/system/containerd.service', content: UNIT })
  return [
    at(containerd, 'containerd'),
    at(shim, 'containerd-shim-runc-v2'),
    at(ctr, 'ctr'),
    unitFile,
    unit(
      {
        name: 'containerd.service',
        enabled: true,
        active: true,
        restartOn: { binary: containerd?.artifact.sha256 ?? '', unit: 'v1' },
      },
      { after: [unitFile.key] },
    ),
  ]
}

function images() {
  const options = { after: ['unit:containerd.service'] as const }
  return [image({ artifact: pause as ArtifactFile }, options), image({ artifact: echo as ArtifactFile }, options)]
}

/** containerd's snapshots are overlays, which cannot lie on the overlay the host itself is. */
async function started(): Promise<SystemdHost> {
  const host = await SystemdHost.start()
  await host.sh('mkdir -p /var/lib/containerd; mount -t tmpfs none /var/lib/containerd')
  return host
}

const list = 'PATH=$PATH:/usr/local/bin; ctr -n k8s.io images list -q | grep -v ^sha256'

describe('images in a real containerd', () => {
  test('from a bare host to imported images in one run; the second does nothing', async () => {
    await using host = await started()
    const { plan } = await host.plan([...runtime(), ...images()])
    expect(plan?.resources.slice(-2).map(({ verdict, after }) => [verdict, after])).toEqual([
      ['later', ['unit:containerd.service']],
      ['later', ['unit:containerd.service']],
    ])
    const { result } = await host.up([...runtime(), ...images()])
    expect(result.failures).toEqual([])
    expect((await host.sh(list)).trim().split('\n').toSorted()).toEqual(
      [pause?.artifact.reference, echo?.artifact.reference].toSorted(),
    )
    expect((await host.up([...runtime(), ...images()])).result).toMatchObject({
      verdict: 'ok',
      changed: 0,
      unchanged: 7,
    })

    // The laws of drift, on the same host: starting one costs seconds.
    await host.sh(
      `PATH=$PATH:/usr/local/bin; ctr -n k8s.io images tag --force ${echo?.artifact.reference} ${pause?.artifact.reference}`,
    )
    const drifted = await host.plan([...runtime(), ...images()])
    expect(JSON.stringify(drifted.plan?.resources.flatMap(({ changes }) => changes))).toMatch(
      /of other origin|imported from/,
    )
    expect((await host.up([...runtime(), ...images()])).result).toMatchObject({ verdict: 'ok', changed: 1 })
    await host.sh(`PATH=$PATH:/usr/local/bin; ctr -n k8s.io images rm ${echo?.artifact.reference}`)
    expect((await host.up([...runtime(), ...images()])).result).toMatchObject({ verdict: 'ok', changed: 1 })
    expect((await host.up([...runtime(), ...images()])).result).toMatchObject({ verdict: 'ok', changed: 0 })

    // Another archive under the same name.
    const other = {
      ...(echo as ArtifactFile),
      artifact: { ...(echo as ArtifactFile).artifact, reference: pause?.artifact.reference ?? '' },
    }
    const wrong = await host.up([
      ...runtime(),
      image({ artifact: { ...other, artifact: { ...other.artifact, reference: 'provision.local/none:1' } } }),
    ])
    expect(wrong.result.failures[0]?.lines?.join('\n')).toMatch(/holds no image called provision.local\/none:1/)

    // The label alone may go, as when somebody pulls the image again; an import that was cut off has neither label nor stamp.
    const unlabel = `PATH=$PATH:/usr/local/bin; ctr -n k8s.io images label ${pause?.artifact.reference} provision/artifact=`
    await host.sh(unlabel)
    expect((await host.up([...runtime(), ...images()])).result).toMatchObject({ verdict: 'ok', changed: 0 })
    await host.sh(`${unlabel}; rm -r /var/lib/provision/stamps/images`)
    expect((await host.up([...runtime(), image({ artifact: pause as ArtifactFile })])).result).toMatchObject({
      changed: 1,
    })
  })

  test('pulled from a registry through a mirror, refused when it is not what it should be, and failing as exactly that', async () => {
    await using host = await started()
    await using _registry = await HostProgram.start(host, 'registry.ts', pause?.path ?? '')
    await host.sh(`mkdir -p /etc/containerd/certs.d/mirrored.test
printf 'server = "http://127.0.0.1:5000"\\n[host."http://127.0.0.1:5000"]\\ncapabilities = ["pull", "resolve"]\\n' >/etc/containerd/certs.d/mirrored.test/hosts.toml`)
    const pulls = (name: string, digest?: string) => [
      ...runtime(),
      image({ name, pull: digest === undefined ? {} : { digest } }, { after: ['unit:containerd.service'] }),
    ]
    expect((await host.up(pulls('mirrored.test/pause:1'))).result).toMatchObject({ verdict: 'ok', failures: [] })
    expect((await host.up(pulls('mirrored.test/pause:1'))).result).toMatchObject({ changed: 0 })
    const digest = (
      await host.sh(
        `PATH=$PATH:/usr/local/bin; ctr -n k8s.io images list name==mirrored.test/pause:1 | awk 'NR == 2 { print $3 }'`,
      )
    ).trim()
    expect((await host.up(pulls('mirrored.test/pause:1', digest))).result).toMatchObject({ changed: 0 })

    const wrong = `sha256:${'0'.repeat(64)}`
    const other = await host.up(pulls('mirrored.test/pause:2', wrong))
    expect(other.result.failures[0]?.lines?.join('\n')).toContain(`is ${digest} in its registry, expected ${wrong}`)
    const missing = await host.up(pulls('mirrored.test/missing/pause:1'))
    expect(missing.result.failures[0]?.lines?.join('\n')).toMatch(
      /not found[\s\S]*pulling mirrored.test\/missing\/pause:1 failed/,
    )
    const nowhere = await host.up(pulls('registry.invalid/nothing:1'))
    expect(nowhere.result.failures[0]?.lines?.join('\n')).toMatch(/pulling registry.invalid\/nothing:1 failed/)
  })
})
