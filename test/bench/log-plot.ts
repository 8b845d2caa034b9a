export interface LogPlot {
  readonly title: string
  readonly x: string
  readonly y: string
  readonly lines: readonly { readonly name: string; readonly points: readonly (readonly [x: number, y: number])[] }[]
}

const WIDTH = 360
const HEIGHT = 260
const LEFT = 52
const RIGHT = 78
const TOP = 34
const BOTTOM = 40

/** Told apart by dashes and marks too, not by colour alone; readable on light and dark. */
const STROKES = [
  { colour: '#d9480f', dash: '' },
  { colour: '#1c7ed6', dash: '6 3' },
  { colour: '#2f9e44', dash: '2 3' },
] as const

/** Lines on two logarithmic scales, side by side, as one SVG file. Figures of nought are left out: they have no logarithm. */
export function logPlots(plots: readonly LogPlot[]): string {
  const body = plots.map((plot, i) => `<g transform="translate(${i * WIDTH} 0)">${onePlot(plot)}</g>`).join('\n')
  const width = plots.length * WIDTH
  return `<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 ${width} ${HEIGHT}" width="${width}" height="${HEIGHT}" font-family="system-ui, sans-serif" font-size="11" role="img">
<rect width="${width}" height="${HEIGHT}" fill="#ffffff"/>
${body}
</svg>
`
}

function onePlot({ title, x, y, lines }: LogPlot): string {
  const points = lines.flatMap((line) => line.points).filter(([, value]) => value > 0)
  const across = scale(
    points.map(([value]) => value),
    LEFT,
    WIDTH - RIGHT,
  )
  const up = scale(
    points.map(([, value]) => value),
    HEIGHT - BOTTOM,
    TOP,
  )
  const grid = [
    ...across.ticks.map(
      (tick) =>
        `<path d="M${at(across.place(tick))} ${TOP}V${HEIGHT - BOTTOM}" stroke="#dee2e6"/><text x="${at(across.place(tick))}" y="${HEIGHT - BOTTOM + 14}" text-anchor="middle">${label(tick)}</text>`,
    ),
    ...up.ticks.map(
      (tick) =>
        `<path d="M${LEFT} ${at(up.place(tick))}H${WIDTH - RIGHT}" stroke="#dee2e6"/><text x="${LEFT - 5}" y="${at(up.place(tick) + 4)}" text-anchor="end">${label(tick)}</text>`,
    ),
  ]
  const drawn = lines.map((line, i) => oneLine(line, i, ([a, b]) => [across.place(a), up.place(b)]))
  return `<g fill="#343a40"><text x="${LEFT}" y="16" font-weight="600">${escaped(title)}</text><text x="${LEFT}" y="${TOP - 5}" fill="#868e96">${escaped(y)}</text><text x="${(LEFT + WIDTH - RIGHT) / 2}" y="${HEIGHT - 8}" text-anchor="middle" fill="#868e96">${escaped(x)}</text>
${[...grid, ...drawn].join('\n')}</g>`
}

type Point = readonly [x: number, y: number]

function oneLine({ name, points }: LogPlot['lines'][number], index: number, place: (point: Point) => Point): string {
  const { colour, dash } = STROKES[index % STROKES.length] ?? STROKES[0]
  const seen = points.filter(([, value]) => value > 0).map(place)
  const [lastX, lastY] = seen.at(-1) ?? [0, 0]
  const path = seen.map(([a, b], i) => `${i === 0 ? 'M' : 'L'}${at(a)} ${at(b)}`).join('')
  const marks = seen.map(([a, b]) => `<circle cx="${at(a)}" cy="${at(b)}" r="2.5" fill="${colour}"/>`).join('')
  return `<path d="${path}" fill="none" stroke="${colour}" stroke-width="2" stroke-dasharray="${dash}"/>${marks}<text x="${at(lastX + 6)}" y="${at(lastY + 4)}" fill="${colour}">${escaped(name)}</text>`
}

/** From the power of ten below the least to the one above the greatest. */
function scale(values: readonly number[], from: number, to: number) {
  const low = Math.floor(Math.log10(Math.min(...values)) + 1e-9)
  const high = Math.max(low + 1, Math.ceil(Math.log10(Math.max(...values)) - 1e-9))
  const ticks = Array.from({ length: high - low + 1 }, (_, i) => 10 ** (low + i))
  return { ticks, place: (value: number) => from + ((Math.log10(value) - low) / (high - low)) * (to - from) }
}

function at(value: number): string {
  return value.toFixed(1)
}

function label(value: number): string {
  return value >= 1 ? String(Math.round(value)) : String(Number(value.toPrecision(1)))
}

function escaped(text: string): string {
  return text.replaceAll('&', '&amp;').replaceAll('<', '&lt;')
}
