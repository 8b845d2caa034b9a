import { html, type Markup, type Piece } from './markup.ts'
import { badge, block, hostList, scroll } from './parts.ts'
import type { ReportView, Seen } from './report-data.ts'

interface Installed {
  readonly kind: 'program' | 'image'
  readonly name: string
  readonly version: string
  readonly digest: string
  /** Where it lies, or its full name. */
  readonly place: string
  readonly host: string
  readonly isNew: boolean
}

/** What hosts run that we did not write: which version, and the digest that was verified. */
export function installed(data: ReportView): Piece {
  const all = data.seen.flatMap((seen) => installedBy(seen) ?? [])
  if (all.length === 0) return undefined
  const groups = [
    ...Map.groupBy(all, ({ name, version, digest, place }) => JSON.stringify([name, version, digest, place])).values(),
  ]
  const places = Map.groupBy(groups, ([first]) => first?.place)
  const rows = groups.map((same) => rowOf(same, data, (places.get(same[0]?.place)?.length ?? 1) > 1))
  const head = html`<tr><th>what</th><th>version</th><th>sha256</th><th>where</th><th>hosts</th></tr>`
  return block(
    'installed',
    'Versions and digests',
    scroll(html`<table class="wide stack"><thead>${head}</thead><tbody>${rows}</tbody></table>`),
  )
}

/** As programs and archives tell it in their evidence: `kubelet v1.36.3 (sha256 a9ed29597b17)`. */
const PROGRAM = /^(\S+) (\S+) \(sha256 ([0-9a-f]{8,64})\)/
/** As images do. */
const DIGEST = /^sha256:([0-9a-f]{8,64})$/
const IMAGE = /^image:(.*?)(?::([^:/@]+))?(?:@.*)?$/

function installedBy({ host, resource, result }: Seen): Installed | undefined {
  const { key, note = '', verdict } = resource
  if (verdict !== 'same') return undefined
  const base = { host, isNew: result === 'changed' }
  const [, name, version, sha256] = PROGRAM.exec(note) ?? []
  if (name && version && sha256)
    return { ...base, kind: 'program', name, version, digest: sha256, place: key.slice(key.indexOf(':') + 1) }
  const [, digest] = DIGEST.exec(note) ?? []
  const [, repository, tag] = IMAGE.exec(key) ?? []
  if (!digest || !repository) return undefined
  const short = repository.slice(repository.lastIndexOf('/') + 1)
  return {
    ...base,
    kind: 'image',
    name: `image ${short}`,
    version: tag ?? '',
    digest,
    place: key.slice('image:'.length),
  }
}

/** `differs`: other hosts have something else in its place. */
function rowOf(same: readonly Installed[], { plans }: ReportView, differs: boolean): Markup {
  const [first] = same
  if (!first) return html``
  const fresh = same.filter(({ isNew }) => isNew).length
  const news = fresh > 0 ? html` <span class="soft">new${fresh < same.length ? ` on ${fresh}` : ''}</span>` : ''
  return html`<tr><th scope="row">${first.name}${news}</th><td>${first.version}${differs ? html` ${badge('warn', 'not the same everywhere')}` : ''}</td><td data-is="sha256"><code>${first.digest}</code></td><td data-is="as"><code>${first.place}</code></td><td data-is="on">${hostList(
    same.map(({ host }) => host),
    plans.length,
  )}</td></tr>`
}
