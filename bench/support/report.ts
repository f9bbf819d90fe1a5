import { type Answer, describeTarget, type Figure, isMet, type Question, type Ratio, type Unit } from './question.ts'

/** Prints an answer as tables. */
export function report(name: string, { asks, targets }: Question, { sections, ratios, notes = [] }: Answer): void {
  console.log(`\n${name}: ${asks}`)
  for (const { title, figures } of sections) {
    console.log(`\n  ${title}`)
    const width = Math.max(0, ...figures.map((figure) => figure.name.length))
    for (const figure of figures) console.log(`    ${describeFigure(figure, width)}`)
  }
  if (ratios.length > 0) console.log('')
  const width = Math.max(0, ...ratios.map((ratio) => ratio.name.length))
  for (const ratio of ratios) console.log(`  ${ratio.name.padEnd(width)}  ${describeRatio(ratio, targets)}`)
  for (const note of notes) console.log(`  ${note}`)
}

/** As in `1,931/s`, `0.63 ms`, `12`. */
export function formatValue(value: number, unit: Unit): string {
  const digits = unit === '×' || unit === 'ms' ? (value < 10 ? 2 : value < 100 ? 1 : 0) : value < 100 ? 1 : 0
  const text = value.toLocaleString('en-US', { minimumFractionDigits: digits, maximumFractionDigits: digits })
  return unit === '/s' || unit === '' ? `${text}${unit}` : `${text} ${unit}`
}

/** As in `p50 0.63, p99 2.10, p99.9 8.00 ms`; empty where no call was timed. */
export function formatLatencies({ p50Ms, p99Ms, p999Ms }: Figure): string {
  const known = Object.entries({ p50: p50Ms, p99: p99Ms, 'p99.9': p999Ms }).flatMap(([name, value]) =>
    value === undefined ? [] : [`${name} ${formatValue(value, 'ms').replace(' ms', '')}`],
  )
  return known.length === 0 ? '' : `${known.join(', ')} ms`
}

function describeFigure(figure: Figure, width: number): string {
  const { name, unit, median, lowest, highest } = figure
  const spread = `${formatValue(median, unit)} (${formatValue(lowest, unit)} to ${formatValue(highest, unit)})`
  return `${name.padEnd(width)}  ${spread.padEnd(34)} ${formatLatencies(figure)}`.trimEnd()
}

function describeRatio(ratio: Ratio, targets: Question['targets']): string {
  const value = formatValue(ratio.value, ratio.unit).padEnd(12)
  const target = targets.find(({ name }) => name === ratio.name)
  if (!target) return value.trimEnd()
  return `${value} wanted ${describeTarget(target, ratio.unit)}: ${isMet(ratio, target) ? 'met' : 'NOT MET'}`
}
