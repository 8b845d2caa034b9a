import { createHash } from 'node:crypto'
import { between } from './between.ts'
import { criticalPath } from './critical-path.ts'
import { figures } from './figures.ts'
import { failures, hosts, notices } from './hosts.ts'
import { installed } from './installed.ts'
import { html, Markup, type Piece, trusted } from './markup.ts'
import { masthead, verdictOf } from './masthead.ts'
import { plan } from './plan.ts'
import { proof } from './proof.ts'
import { type ReportData, type ReportView, reportView } from './report-data.ts'
import { requirements } from './requirements.ts'
import { SCRIPT } from './script.ts'
import { STYLE } from './style.ts'
import { huesOf, timings } from './timings.ts'

/**
 * A run as one HTML document: it asks for nothing else, and its content policy lets it do nothing but show itself. Text that
 * came from hosts cannot become anything but text.
 */
export function reportPage(input: ReportData): string {
  const data = reportView(input)
  const parts = [
    failures(data),
    hosts(data),
    proof(data),
    figures(data),
    between(data),
    requirements(data),
    timings(data, huesOf(data)),
    criticalPath(data),
    installed(data),
    plan(data),
    notices(data),
  ].filter((part) => part !== undefined)
  return document(data, parts).source
}

function document(data: ReportView, parts: readonly Piece[]): Markup {
  return html`<!doctype html>
<html lang="en">
<head>
<meta charset="utf-8">
<meta http-equiv="Content-Security-Policy" content="${trusted(POLICY)}">
<meta name="viewport" content="width=device-width, initial-scale=1">
<meta name="color-scheme" content="light dark">
<meta name="referrer" content="no-referrer">
<meta name="robots" content="noindex">
<title>${data.cluster}: ${verdictOf(data).word}</title>
<style>${trusted(STYLE)}</style>
</head>
<body>
<main>
${masthead(data)}
<nav>${contents(parts)}<button type="button" id="fold" hidden>open all</button></nav>
${parts}
</main>
<footer>Made by provision ${data.timeline.run?.version}. Everything in it was seen by this run.</footer>
<script>${trusted(SCRIPT)}</script>
</body>
</html>
`
}

const sha256 = (text: string) => `'sha256-${createHash('sha256').update(text).digest('base64')}'`

/** Nothing is fetched, and only this style sheet and this script are in force. */
const POLICY = `default-src 'none'; style-src ${sha256(STYLE)}; script-src ${sha256(SCRIPT)}; base-uri 'none'; form-action 'none'`

/** Titles of the parts that are there, as links. */
function contents(parts: readonly Piece[]): readonly Markup[] {
  return parts.flatMap((part) => {
    if (!(part instanceof Markup)) return []
    const [, id = '', title = ''] = /^<section id="([a-z]+)"><h2>([^<]*)</.exec(part.source) ?? []
    return id === '' ? [] : [html`<a href="#${id}">${trusted(title)}</a>`]
  })
}
