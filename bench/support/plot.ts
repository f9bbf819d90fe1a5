/** One line of a plot; a floor is drawn dashed and grey. */
export interface Series {
  readonly name: string
  readonly isFloor: boolean
  readonly points: readonly { readonly x: number; readonly y: number }[]
}

export interface Plot {
  readonly title: string
  readonly xLabel: string
  readonly yLabel: string
  readonly series: readonly Series[]
}

const WIDTH = 720
const HEIGHT = 400
const AREA = { left: 78, right: 570, top: 52, bottom: 336 }
/** Between the names at the ends of two lines. */
const NAME_HEIGHT = 16

/** Each as on white and on black. */
const COLOURS = [
  ['#1f5fbf', '#7fb2ff'],
  ['#b3480c', '#ffa76b'],
  ['#1a7a4a', '#63cf99'],
  ['#8a2fa0', '#d594e8'],
  ['#a8323e', '#ff8a94'],
  ['#0b7a8c', '#5fd0e0'],
  ['#6b6b00', '#d6d65c'],
  ['#5a4a8a', '#b7a5f0'],
  ['#7a5230', '#d9b08c'],
] as const

/** Draws lines over two logarithmic axes, each named at its end; follows the reader's choice of light and dark. */
export function drawPlot({ title, xLabel, yLabel, series }: Plot): string {
  const points = series.flatMap((one) => one.points)
  const xs = [...new Set(points.map(({ x }) => x))].sort((one, other) => one - other)
  const ys = points.map(({ y }) => y)
  const yTicks = chooseTicks(Math.min(...ys), Math.max(...ys))
  const toX = toScale(xs[0] ?? 1, xs.at(-1) ?? 1, AREA.left + 12, AREA.right - 12)
  const toY = toScale(yTicks[0] ?? 1, yTicks.at(-1) ?? 1, AREA.bottom, AREA.top)
  const middle = (AREA.top + AREA.bottom) / 2
  const lines = series.map((one) => drawLine(one, colourOf(one, series), toX, toY))
  return `${[
    `<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 ${WIDTH} ${HEIGHT}" role="img" aria-label="${toXml(title)}">`,
    `<style>${drawStyle()}</style>`,
    `<rect class="paper" width="${WIDTH}" height="${HEIGHT}"/>`,
    `<text class="title" x="${AREA.left}" y="28">${toXml(title)}</text>`,
    ...yTicks.map((tick) => drawYTick(tick, toY(tick))),
    ...xs.map((x) => drawXTick(x, toX(x))),
    `<text class="axis" x="${(AREA.left + AREA.right) / 2}" y="${HEIGHT - 16}" text-anchor="middle">${toXml(xLabel)}</text>`,
    `<text class="axis" transform="translate(20 ${middle}) rotate(-90)" text-anchor="middle">${toXml(yLabel)}</text>`,
    ...lines,
    ...drawNames(series, toY),
    '</svg>',
  ].join('\n')}\n`
}

function drawStyle(): string {
  const rules = (shade: 0 | 1) => COLOURS.map((pair, index) => `.c${index}{--c:${pair[shade]}}`).join('')
  return [
    'text{font:12px system-ui,sans-serif;fill:#57606a}.title{font-size:15px;font-weight:600;fill:#1f2328}',
    '.paper{fill:#fff}.grid{stroke:#d8dee4}.floor{--c:#6e7781}',
    'path{fill:none;stroke:var(--c);stroke-width:2}.floor path{stroke-dasharray:5 4}circle{fill:var(--c)}.name{fill:var(--c)}',
    rules(0),
    '@media (prefers-color-scheme:dark){text{fill:#9198a1}.title{fill:#f0f6fc}.paper{fill:#0d1117}.grid{stroke:#30363d}',
    `.floor{--c:#9198a1}.name{fill:var(--c)}${rules(1)}}`,
  ].join('')
}

function colourOf(one: Series, series: readonly Series[]): string {
  if (one.isFloor) return 'floor'
  return `c${series.filter(({ isFloor }) => !isFloor).indexOf(one) % COLOURS.length}`
}

function drawLine({ points }: Series, colour: string, toX: Scale, toY: Scale): string {
  const places = points.map(({ x, y }) => `${round(toX(x))} ${round(toY(y))}`)
  const dots = places.map((place) => {
    const [x, y] = place.split(' ')
    return `<circle cx="${x}" cy="${y}" r="3"/>`
  })
  return `<g class="${colour}"><path d="M${places.join('L')}"/>${dots.join('')}</g>`
}

/** At the height of the line's end, or as near to it as the other names allow. */
function drawNames(series: readonly Series[], toY: Scale): string[] {
  const ends = series
    .map((one) => ({ one, y: toY(one.points.at(-1)?.y ?? 1) }))
    .sort((first, second) => first.y - second.y)
  let free = AREA.top - NAME_HEIGHT
  const placed = ends.map(({ one, y }) => {
    free = Math.max(y, free + NAME_HEIGHT)
    return { one, y: free }
  })
  const over = Math.max(0, free - AREA.bottom)
  return placed.map(
    ({ one, y }) =>
      `<g class="${colourOf(one, series)}"><text class="name" x="${AREA.right + 8}" y="${round(y - over + 4)}">${toXml(one.name)}</text></g>`,
  )
}

function drawYTick(tick: number, y: number): string {
  const place = round(y)
  return `<line class="grid" x1="${AREA.left}" x2="${AREA.right}" y1="${place}" y2="${place}"/><text x="${AREA.left - 8}" y="${round(y + 4)}" text-anchor="end">${formatTick(tick)}</text>`
}

function drawXTick(value: number, x: number): string {
  const place = round(x)
  return `<line class="grid" x1="${place}" x2="${place}" y1="${AREA.top}" y2="${AREA.bottom}"/><text x="${place}" y="${AREA.bottom + 18}" text-anchor="middle">${formatTick(value)}</text>`
}

type Scale = (value: number) => number

function toScale(from: number, to: number, start: number, end: number): Scale {
  const span = Math.log(to) - Math.log(from)
  return (value) => start + (span === 0 ? 0.5 : (Math.log(value) - Math.log(from)) / span) * (end - start)
}

/** From the one below the lowest to the one above the highest: 1, 2 and 5 of each power of ten. */
export function chooseTicks(lowest: number, highest: number): number[] {
  const first = Math.floor(Math.log10(lowest))
  const last = Math.ceil(Math.log10(highest))
  const all = Array.from({ length: last - first + 1 }, (_, power) =>
    [1, 2, 5].map((digit) => digit * 10 ** (first + power)),
  )
  const ticks = all.flat()
  const begin = ticks.findLastIndex((tick) => tick <= lowest)
  const end = ticks.findIndex((tick) => tick >= highest)
  return ticks.slice(Math.max(0, begin), end + 1).map((tick) => Number(tick.toPrecision(1)))
}

function formatTick(value: number): string {
  return value.toLocaleString('en-US', { maximumFractionDigits: 3 })
}

function round(value: number): number {
  return Math.round(value * 10) / 10
}

function toXml(text: string): string {
  return text.replaceAll('&', '&amp;').replaceAll('<', '&lt;').replaceAll('"', '&quot;')
}
