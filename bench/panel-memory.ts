/** How much memory does an open panel take, at the beginning and after an hour of the demo? A short run looks for two minutes. */
import { setTimeout as sleep } from 'node:timers/promises'
import { launchBrowser, noBrowser, openPage } from '../test/support/browser.ts'
import { summarize } from './support/measure.ts'
import type { Answer, Budget, Section, Target } from './support/question.ts'
import { withWorkplace } from './support/servers.ts'

export const asks = 'How much memory does an open panel take, at the beginning and after an hour of the demo?'
export const targets: readonly Target[] = []

const MEGABYTE = 1024 * 1024
const LOOKS = 6

export function run({ isFull }: Budget): Promise<Answer> {
  if (noBrowser !== undefined) return Promise.resolve({ sections: [], ratios: [], notes: [`left out: ${noBrowser}`] })
  const minutes = isFull ? 60 : 2
  return withWorkplace(async (workplace) => {
    const browser = await launchBrowser()
    workplace.atEnd(() => browser.close())
    const bus = await workplace.startBusWith(['--demo'])
    const { page, context } = await openPage(browser, bus.origin)
    await page.getByText('live', { exact: true }).waitFor()
    const devtools = await context.newCDPSession(page)
    await devtools.send('Performance.enable')
    const sections: Section[] = []
    for (let look = 0; look <= LOOKS; look += 1) {
      if (look > 0) await sleep((minutes * 60_000) / LOOKS)
      await devtools.send('HeapProfiler.collectGarbage')
      const { metrics } = await devtools.send('Performance.getMetrics')
      const read = (name: string) => metrics.find((metric) => metric.name === name)?.value ?? 0
      sections.push({
        title: `after ${((minutes * look) / LOOKS).toFixed(1)} min`,
        figures: [
          summarize('heap', [read('JSHeapUsedSize') / MEGABYTE], 'MiB'),
          summarize('nodes', [read('Nodes')], ''),
          summarize('listeners', [read('JSEventListeners')], ''),
        ],
      })
    }
    return { sections, ratios: [] }
  })
}
