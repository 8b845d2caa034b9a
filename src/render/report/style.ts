/** Ten hues that stay apart for the colour-blind, and beside each other; the same order in light and dark. */
const LIGHT = [
  '#4269d0',
  '#d9a021',
  '#2f9e83',
  '#9b62c9',
  '#3fa0c4',
  '#8a7355',
  '#c76a9b',
  '#5b7f2e',
  '#2b6f8f',
  '#b58bd6',
]
const DARK = [
  '#7d9bf0',
  '#e3b454',
  '#56bfa4',
  '#bd90e0',
  '#6cc3e3',
  '#b79f7c',
  '#e09bc0',
  '#94b765',
  '#4f9fc4',
  '#8f6bb3',
]

/** Sections that can be told apart by colour. */
export const HUES = LIGHT.length

const hues = (colours: readonly string[]) => colours.map((colour, i) => `--h${i}:${colour}`).join(';')
const hueRules = LIGHT.map((_, i) => `rect.h${i}{fill:var(--h${i})}.key.h${i}{background:var(--h${i})}`).join('\n')

const COLOURS = `
:root{color-scheme:light dark;--paper:#fcfcfb;--sheet:#fff;--ink:#1d2125;--soft:#667078;--line:#e3e5e7;--faint:#f2f3f4;
--good:#1a7f4b;--warn:#96610a;--bad:#c0312b;--good-bg:#e4f4ea;--warn-bg:#fbf0da;--bad-bg:#fce8e6;--link:#2f5fc4;
--look:#a3abb3;--upload:#dcc9a3;--wait:#d8dde2;${hues(LIGHT)}}
@media (prefers-color-scheme:dark){:root{--paper:#14171a;--sheet:#1a1e22;--ink:#e3e6e9;--soft:#939ca5;--line:#2c3237;--faint:#20252a;
--good:#5fc98f;--warn:#e2b25a;--bad:#f0837a;--good-bg:#173526;--warn-bg:#3a2e14;--bad-bg:#43201d;--link:#8fb0f5;
--look:#69727b;--upload:#6d6047;--wait:#3a424a;${hues(DARK)}}}`

const TEXT = `
*{box-sizing:border-box}
html{-webkit-text-size-adjust:100%;scroll-behavior:smooth;scroll-padding-top:3rem}
body{margin:0;background:var(--paper);color:var(--ink);font:14px/1.5 system-ui,-apple-system,"Segoe UI",Roboto,"Noto Sans","Liberation Sans",Arial,sans-serif;overflow-wrap:anywhere}
main,footer{max-width:76rem;margin:0 auto;padding:0 1.25rem}
footer{color:var(--soft);font-size:12px;padding-top:1rem;padding-bottom:2rem}
code,pre{font:12px/1.5 ui-monospace,SFMono-Regular,Menlo,Consolas,"Liberation Mono",monospace}
h1,h2,h3{line-height:1.25;margin:0;font-weight:600}
h1{font-size:2rem;letter-spacing:-.02em;display:flex;flex-wrap:wrap;align-items:center;gap:.25rem 1rem}
h2{font-size:1.15rem;padding-top:2.25rem;margin-bottom:.6rem}
h3{font-size:.95rem;margin:1.25rem 0 .4rem}
p{margin:.3rem 0 .6rem}
a{color:var(--link)}
.soft,.unknown,small{color:var(--soft)}.good{color:var(--good)}.warn,.odd{color:var(--warn)}.bad{color:var(--bad)}
h3 .soft,summary .soft{font-weight:400}
.badge{display:inline-block;white-space:nowrap;border-radius:1rem;padding:.05rem .55rem;font-size:12px;font-weight:600;background:var(--faint)}
.badge.good{background:var(--good-bg)}.badge.warn{background:var(--warn-bg)}.badge.bad{background:var(--bad-bg)}
h1 .badge{font-size:.95rem;letter-spacing:0;padding:.15rem .8rem}`

const HEAD = `
header{padding-top:2.25rem}
.over{color:var(--soft);font-size:12px;letter-spacing:.08em;text-transform:uppercase;margin:0}
.lead{font-size:1.1rem;text-wrap:balance;margin:.35rem 0 1.1rem}
.facts{display:flex;flex-wrap:wrap;gap:.35rem 1.75rem;margin:0 0 1.25rem}
.facts dt{color:var(--soft);font-size:12px}.facts dd{margin:0}
.tiles{list-style:none;display:grid;grid-template-columns:repeat(auto-fit,minmax(9.5rem,1fr));gap:.6rem;margin:0;padding:0}
.tiles li{background:var(--sheet);border:1px solid var(--line);border-radius:8px;padding:.6rem .85rem}
.tiles b{display:block;font-size:1.5rem;line-height:1.2;font-weight:600;letter-spacing:-.01em;font-variant-numeric:tabular-nums}
.tiles span{display:block;color:var(--soft);font-size:12.5px}.tiles small{display:block;font-size:11.5px}
nav{position:sticky;top:0;z-index:2;display:flex;gap:1.1rem;align-items:center;overflow-x:auto;scrollbar-width:none;background:var(--paper);border-bottom:1px solid var(--line);margin-top:1.25rem;padding:.55rem 0;white-space:nowrap;font-size:13px}
nav a{color:var(--soft);text-decoration:none}nav a:hover{color:var(--ink);text-decoration:underline}
nav button{margin-left:auto;font:inherit;color:var(--ink);background:var(--sheet);border:1px solid var(--line);border-radius:6px;padding:.1rem .6rem;cursor:pointer}
.card{background:var(--sheet);border:1px solid var(--line);border-left:3px solid var(--bad);border-radius:6px;padding:.75rem 1rem;margin-bottom:.75rem}
.card h3{margin:0 0 .3rem}.card dl{margin:.4rem 0}.card dl div{display:flex;gap:.75rem}.card dt{flex:0 0 3.5rem;color:var(--soft)}.card dd{margin:0}
.lines{white-space:pre-wrap}`

const TABLES = `
.scroll{overflow-x:auto;background:var(--sheet);border:1px solid var(--line);border-radius:8px}
.scroll.tall{max-height:34rem;overflow-y:auto}
.scroll:focus-visible{outline:2px solid var(--link)}
table{border-collapse:collapse;width:100%;font-size:13px;overflow-wrap:normal}
th,td{padding:.34rem .7rem;text-align:left;vertical-align:top;border-top:1px solid var(--line)}
th{font-weight:500}thead th{color:var(--soft);font-size:12px;border-top:0;white-space:nowrap}
.tall thead th{position:sticky;top:0;background:var(--sheet)}
.n{text-align:right;font-variant-numeric:tabular-nums;white-space:nowrap}
td code{overflow-wrap:anywhere}
table.wide{min-width:56rem}table.wide td,table.wide th{overflow-wrap:anywhere}table.wide td:nth-child(1),table.wide thead th{white-space:nowrap}
table.wide tbody th{overflow-wrap:normal;min-width:11rem}table.wide td:last-child{min-width:12rem}table.wide th+td,table.wide td+td{min-width:6rem}
table.wide td:nth-child(3),table.wide td:nth-child(4){min-width:9rem}
tbody th small{font-weight:400;font-size:11.5px}
.matrices{display:grid;grid-template-columns:repeat(auto-fit,minmax(min(100%,21rem),1fr));gap:1rem}
figure{margin:0;min-width:0}figcaption{margin-bottom:.35rem}
table.matrix td{text-align:center;font-variant-numeric:tabular-nums;white-space:nowrap;border-left:1px solid var(--line)}
table.matrix th{font-size:12px;white-space:nowrap}table.matrix thead th{text-align:center}
td.odd{background:var(--warn-bg)}td.bad{background:var(--bad-bg);font-weight:600}td.self{color:var(--soft)}
.picture{display:block;width:100%;max-width:34rem;aspect-ratio:1;margin:auto;shape-rendering:crispEdges}
path.usual{fill:var(--good-bg)}path.odd{fill:var(--warn)}path.bad{fill:var(--bad);stroke:var(--bad);stroke-width:2}path.unknown{fill:var(--wait)}
sup{line-height:0}
.told{list-style:none;margin:.5rem 0;padding:0;font-size:13px}`

const CHARTS = `
.chart{position:relative;min-width:34rem;padding:0 .9rem .6rem;font-size:13px}
.row{display:grid;grid-template-columns:minmax(6rem,11rem) 1fr;gap:.9rem;align-items:center;min-height:1.5rem}
.steps .row{grid-template-columns:minmax(9rem,19rem) 4.6rem 1fr}
.row .name{overflow:hidden;text-overflow:ellipsis;white-space:nowrap}
.row.head{height:1.75rem}
.track{display:block;width:100%;height:.85rem;border-radius:3px;background:var(--faint)}
.dense .row{min-height:.8rem}.dense .row.head{min-height:1.75rem}.dense .name{font-size:10px;line-height:1}.dense .track{height:.5rem}
.axis{display:block;width:100%;height:1rem;overflow:visible}
.axis text{fill:var(--soft);font-size:11px}.axis line{stroke:var(--line)}
rect.look{fill:var(--look)}rect.upload{fill:var(--upload)}rect.wait{fill:var(--wait)}rect.bad{fill:var(--bad)}rect.path{fill:var(--h0)}
.legend{list-style:none;display:flex;flex-wrap:wrap;gap:.2rem 1.1rem;margin:0 0 .6rem;padding:0;font-size:12.5px}
.key{display:inline-block;width:.75rem;height:.75rem;border-radius:2px;margin-right:.4rem;vertical-align:-.05rem}
.key.look{background:var(--look)}.key.upload{background:var(--upload)}.key.wait{background:var(--wait)}
${hueRules}`

const FOLDS = `
summary{cursor:pointer;padding:.15rem 0}summary::marker{color:var(--soft)}
details>.scroll{margin:.35rem 0 .75rem}
details.inline{display:inline-block;vertical-align:top}details.inline>summary{color:var(--soft);padding:0}
.plan{list-style:none;margin:0;padding:0}.plan>li{border-top:1px solid var(--line);padding:.2rem 0}
.plan .head{padding-left:1.1rem}
.sign{display:inline-block;width:1.1rem;font-weight:600;text-align:center}
.change{padding-left:2.5rem}ins{color:var(--good);text-decoration:none}del{color:var(--bad);text-decoration:none}
details .change,details>p{padding-left:1.4rem;margin:.1rem 0}
pre{background:var(--faint);border-radius:6px;padding:.5rem .75rem;margin:.4rem 0;overflow-x:auto;overflow-wrap:normal}
pre.diff>*{display:block;white-space:pre;width:max-content;min-width:100%;padding:0 .35rem}
pre.diff>i{color:var(--soft);font-style:normal}pre.diff>ins{background:var(--good-bg)}pre.diff>del{background:var(--bad-bg)}`

const PAGES = `
@media (max-width:40rem){main,footer{padding:0 .9rem}h1{font-size:1.6rem}header{padding-top:1.25rem}.tiles{grid-template-columns:1fr 1fr}.facts{gap:.35rem 1.25rem}
.stack,table.wide.stack{min-width:0}.stack thead{display:none}.stack tr{display:block;padding:.45rem .7rem;border-top:1px solid var(--line)}.stack tr:first-child{border:0}
.stack td,.stack th{display:block;border:0;padding:.05rem 0}.stack td:empty,.stack th:empty{display:none}.stack td[data-is]::before{content:attr(data-is) " ";color:var(--soft)}
.row{grid-template-columns:6rem 1fr;gap:.6rem}.steps .row{grid-template-columns:9rem 4.2rem 1fr}}
@media print{:root{--paper:#fff}body{font-size:11px}nav,#fold{display:none}.scroll,.scroll.tall{overflow:visible;max-height:none}section{break-inside:auto}h2,h3,tr,.row,.card{break-inside:avoid}h2,h3{break-after:avoid}
table.wide,.chart{min-width:0}.row .name{white-space:normal}rect,path,.track,.badge,.key,td,ins,del{print-color-adjust:exact;-webkit-print-color-adjust:exact}}
@media (prefers-reduced-motion:reduce){html{scroll-behavior:auto}}`

/** The whole style sheet: system fonts, two schemes, a phone, paper. */
export const STYLE = [COLOURS, TEXT, HEAD, TABLES, CHARTS, FOLDS, PAGES].join('\n')
