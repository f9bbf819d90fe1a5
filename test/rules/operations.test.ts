import { readFileSync } from 'node:fs'
import { describe, expect, it } from 'vitest'
import { startTestBus } from '../support/bus.ts'
import { ask } from '../support/raw-http.ts'

const read = (path: string) => readFileSync(path, 'utf8')
const alerts = read('examples/prometheus/alerts.yml')
const guide = read('docs/guide/operations.md')

/** Begin like one: the name of a job, and the kind of an error. */
const NO_FIGURES = ['bus_mcp', 'bus_unreachable']

/** The names of figures in a text, without the ends that a histogram's series have. */
function listFigures(text: string): string[] {
  const names = text.match(/\b(?:bus|http_server|process|nodejs)_[a-z0-9_]+\b/g) ?? []
  return [...new Set(names)]
    .map((name) => name.replace(/_(?:bucket|count|sum)$/, ''))
    .filter((name) => !NO_FIGURES.includes(name))
}

/** What a bus answers, as `# TYPE name kind` lines tell it. */
async function listKnown(): Promise<Set<string>> {
  const { origin } = await startTestBus()
  const { text } = await ask(origin, { path: '/metrics' })
  return new Set([...text.matchAll(/^# TYPE (\S+)/gm)].map(([, name = '']) => name))
}

describe('the guide to operations', () => {
  it('names no figure that a bus does not tell, and neither do the alerts', async () => {
    const known = await listKnown()
    const named = listFigures(`${alerts} ${guide}`).filter((name) => !/_$/.test(name))
    expect(named.length).toBeGreaterThan(15)
    // Read from /proc, which other systems have not.
    const ofLinux = ['process_open_fds', 'process_max_fds', 'process_resident_memory_bytes']
    const missing = named.filter((name) => !known.has(name) && !ofLinux.includes(name))
    expect(missing).toEqual([])
  })

  it('tells every figure of the bus', async () => {
    const known = [...(await listKnown())].filter(
      (name) => /^(bus|http_server)_/.test(name) && name !== 'bus_build_info',
    )
    expect(known.filter((name) => !guide.includes(name))).toEqual([])
  })

  it('says of every alert what to do, and of no other', () => {
    const names = [...alerts.matchAll(/- alert: (\w+)/g)].map(([, name]) => name)
    const told = [...guide.matchAll(/^### (\w+)$/gm)].map(([, name]) => name)
    expect(names.length).toBeGreaterThan(10)
    expect(told).toEqual(names)
  })

  it('would notice a figure that there is not', async () => {
    const known = await listKnown()
    expect(listFigures('rate(bus_planted_total[5m])').filter((name) => !known.has(name))).toEqual(['bus_planted_total'])
  })
})
