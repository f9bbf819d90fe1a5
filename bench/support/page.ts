import { drawPlot, type Plot, type Series } from './plot.ts'
import { describeTarget, type Figure, isMet, type Section } from './question.ts'
import type { Recorded, RecordedAnswer } from './record.ts'
import { formatValue } from './report.ts'

/** From one marker to the next everything is made from what was recorded; the rest of the page is written by hand. */
const BLOCK = /(<!-- bench:(\w+)(?: ([\w-]+))? -->)[\s\S]*?(<!-- \/bench -->)/g

/** Fills the blocks of the page anew. */
export function renderPage(page: string, recorded: Recorded): string {
  return page.replace(BLOCK, (_, begin: string, kind: string, name: string | undefined, end: string) => {
    return `${begin}\n\n${renderBlock(kind, name ?? '', recorded)}\n\n${end}`
  })
}

function renderBlock(kind: string, name: string, recorded: Recorded): string {
  if (kind === 'targets') return renderTargets(recorded)
  const answer = recorded[name]
  if (!answer) return `_Not recorded: ${name}._`
  switch (kind) {
    case 'circumstances':
      return renderCircumstances(answer)
    case 'figures':
      return hasSameFigures(answer.sections) ? renderWide(answer.sections) : renderLong(answer.sections)
    case 'notes':
      return (answer.notes ?? []).map((note) => `- ${note}`).join('\n')
    default:
      throw new Error(`the page has a block of the unknown kind ${kind}`)
  }
}

function renderCircumstances({ machine, system, node, commit, command }: RecordedAnswer): string {
  return `Measured on ${machine}, ${system}, Node ${node}, commit ${commit}: \`${command}\`.`
}

/** Every target of every question that was asked, with what came of it. */
function renderTargets(recorded: Recorded): string {
  const rows = Object.values(recorded).flatMap(({ targets, ratios }) =>
    targets.flatMap((target) => {
      const ratio = ratios.find(({ name }) => name === target.name)
      if (!ratio) return []
      return [
        [
          target.says,
          describeTarget(target, ratio.unit),
          formatValue(ratio.value, ratio.unit),
          isMet(ratio, target) ? 'met' : '**not met**',
        ],
      ]
    }),
  )
  return renderTable(['', 'Wanted', 'Measured', ''], rows)
}

/** Whether the sections can be the columns of one table. */
function hasSameFigures(sections: readonly Section[]): boolean {
  const lists = sections.filter(({ scale }) => scale).map(({ figures }) => figures.map(({ name }) => name).join())
  return lists.length > 1 && new Set(lists).size === 1
}

function renderWide(sections: readonly Section[]): string {
  const wide = sections.filter(({ scale }) => scale)
  const rest = sections.filter(({ scale }) => !scale)
  const names = wide[0]?.figures.map(({ name }) => name) ?? []
  const rows = names.map((name) => [
    name,
    ...wide.map(({ figures }) => {
      const figure = figures.find((one) => one.name === name)
      return figure ? describeFigure(figure) : ''
    }),
  ])
  const table = renderTable(['', ...wide.map(({ title }) => title)], rows)
  return rest.length === 0 ? table : `${table}\n\n${renderLong(rest)}`
}

function renderLong(sections: readonly Section[]): string {
  const rows = sections.flatMap(({ title, figures }) => [
    [`*${title}*`, '', '', ''],
    ...figures.map((figure) => [
      figure.name,
      formatValue(figure.median, figure.unit),
      `${formatValue(figure.lowest, figure.unit)} to ${formatValue(figure.highest, figure.unit)}`,
      formatTails(figure),
    ]),
  ])
  return renderTable(['', 'Median', 'Lowest to highest', 'p50, p99, p99.9 in ms'], rows)
}

/** As in `10,249/s (6,152 to 10,629); 5.7, 12.9, 16.7`. */
function describeFigure(figure: Figure): string {
  const { unit, median, lowest, highest } = figure
  if (lowest === highest) return formatValue(median, unit)
  const bare = (value: number) => formatValue(value, unit).replace(unit, '').trim()
  const tails = formatTails(figure)
  return `${formatValue(median, unit)} (${bare(lowest)} to ${bare(highest)})${tails === '' ? '' : `<br>${tails}`}`
}

function formatTails({ p50Ms, p99Ms, p999Ms }: Figure): string {
  const known = [p50Ms, p99Ms, p999Ms].filter((value) => value !== undefined)
  return known.map((value) => formatValue(value, 'ms').replace(' ms', '')).join(', ')
}

function renderTable(head: readonly string[], rows: readonly (readonly string[])[]): string {
  const line = (cells: readonly string[]) => `| ${cells.join(' | ')} |`
  return [line(head), line(head.map(() => '---')), ...rows.map(line)].join('\n')
}

const FLOORS = ['bare echo', 'echo', 'bare insert']

/** The pictures of the page, by their paths from the root. */
export function renderPlots(recorded: Recorded): Map<string, string> {
  const callers = { xLabel: 'callers', of: 'callers', leave: ['post with a key'] } as const
  const sizes = {
    xLabel: 'messages in the log',
    of: 'messages',
    leave: ['file', 'memory', 'otherTopic', 'events', 'topics', 'lanes'],
  } as const
  const plots = [
    { file: 'bench-callers-rate', question: 'writes', title: 'Durable writes per second', ...callers, isRate: true },
    { file: 'bench-callers-p99', question: 'writes', title: 'p99 of a durable write', ...callers, isRate: false },
    { file: 'bench-size-rate', question: 'sizes', title: 'Calls per second, 16 callers', ...sizes, isRate: true },
    { file: 'bench-size-p99', question: 'sizes', title: 'p99 of a call, 16 callers', ...sizes, isRate: false },
  ]
  return new Map(
    plots.flatMap(({ file, question, title, xLabel, of, leave, isRate }) => {
      const sections = (recorded[question]?.sections ?? []).filter(({ scale }) => scale?.of === of)
      if (sections.length < 2) return []
      const series = toSeries(sections, leave, isRate)
      const plot: Plot = { title, xLabel, yLabel: isRate ? 'per second' : 'milliseconds', series }
      return [[`docs/images/${file}.svg`, drawPlot(plot)] as const]
    }),
  )
}

function toSeries(sections: readonly Section[], leave: readonly string[], isRate: boolean): Series[] {
  const names = (sections[0]?.figures ?? []).map(({ name }) => name).filter((name) => !leave.includes(name))
  return names.map((name) => ({
    name,
    isFloor: FLOORS.includes(name),
    points: sections.flatMap(({ scale, figures }) => {
      const figure = figures.find((one) => one.name === name)
      const y = isRate ? figure?.median : figure?.p99Ms
      return scale && y !== undefined ? [{ x: scale.value, y }] : []
    }),
  }))
}
