import type { Finding } from '../../core/finding.ts'
import { countPlan, describeRequirements } from '../plan-count.ts'
import { html, type Markup, type Piece } from './markup.ts'
import { badge, block, hostList, scroll, type Tone } from './parts.ts'
import type { ReportView, Seen } from './report-data.ts'

/** Different answers to one requirement that are shown when all is well; the others are counted. */
const MET_VARIANTS = 4
/** The same for what is not met: more than anybody reads, less than fills a disk. */
const UNMET_VARIANTS = 100

const LOOKS: Readonly<Record<string, { readonly tone: Tone; readonly sign: string; readonly rank: number }>> = {
  unmet: { tone: 'bad', sign: '✗', rank: 0 },
  advised: { tone: 'warn', sign: '△', rank: 1 },
  accepted: { tone: 'warn', sign: '○', rank: 2 },
  met: { tone: 'good', sign: '✓', rank: 3 },
}

interface Judged extends Seen {
  readonly finding: Finding
}

/** Every requirement of every host, with what was seen: worst first. */
export function requirements(data: ReportView): Piece {
  const judged = data.seen.flatMap((seen): readonly Judged[] => {
    const { finding } = seen.resource
    return finding ? [{ ...seen, finding }] : []
  })
  if (judged.length === 0) return undefined
  const kinds = Map.groupBy(judged, ({ resource, finding }) => `${resource.verdict} ${finding.id}`)
  const sorted = [...kinds.values()].toSorted((a, b) => rankOf(a) - rankOf(b))
  const head = html`<tr><th>verdict</th><th>requirement</th><th>seen</th><th>wanted</th><th>hosts</th><th>what to do</th></tr>`
  const table = html`<table class="wide stack"><thead>${head}</thead><tbody>${sorted.map((kind) => kindRows(kind, data))}</tbody></table>`
  const summary = html`<p class="soft">${describeRequirements(countPlan(data.plans))}</p>`
  return block('requirements', 'Requirements and what was measured', html`${summary}${scroll(table)}`)
}

function rankOf(kind: readonly Judged[]): number {
  return LOOKS[kind[0]?.resource.verdict ?? 'met']?.rank ?? 9
}

/** Hosts that gave the same answer share a row. */
function kindRows(kind: readonly Judged[], { plans }: ReportView): readonly Markup[] {
  const variants = [...Map.groupBy(kind, ({ finding }) => JSON.stringify(finding)).values()]
  const limit = kind[0]?.resource.verdict === 'met' ? MET_VARIANTS : UNMET_VARIANTS
  const shown = variants.length === limit + 1 ? variants : variants.slice(0, limit)
  const rest = variants.slice(shown.length).flat()
  const rows = shown.map((same, i) => variantRow(same, { all: plans.length, before: shown[i - 1] }))
  const [first] = rest
  return first
    ? [
        ...rows,
        html`<tr class="soft"><td></td><td>${first.resource.title}</td><td colspan="4">${rest.length} more hosts, ${first.resource.verdict} as well</td></tr>`,
      ]
    : rows
}

interface Beside {
  /** Hosts there are. */
  readonly all: number
  /** The row above, if it is about the same requirement: what it says already is not said again. */
  readonly before: readonly Judged[] | undefined
}

function variantRow(same: readonly Judged[], { all, before }: Beside): Markup {
  const [first] = same
  if (!first) return html``
  const { resource, finding } = first
  const { tone, sign } = LOOKS[resource.verdict] ?? { tone: 'soft' as const, sign: '·' }
  const above = before?.[0]?.finding
  const name = html`${resource.title}<br><small>${finding.id}, ${finding.severity}</small>`
  const word = resource.verdict === 'advised' ? 'advice' : resource.verdict
  return html`<tr><td>${badge(tone, word, sign)}</td><th scope="row">${above ? '' : name}</th><td data-is="seen">${finding.evidence}</td><td data-is="wanted">${above?.threshold === finding.threshold ? '' : finding.threshold}</td><td data-is="on">${hostList(
    same.map(({ host }) => host),
    all,
  )}</td><td>${advice(finding)}</td></tr>`
}

function advice({ met, accepted, fix }: Finding): Piece {
  if (met) return undefined
  if (accepted !== undefined) return html`<span class="soft">accepted because</span> ${accepted}`
  return fix
}
