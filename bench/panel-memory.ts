/** How much memory does an open panel take, at the beginning and after an hour of the demo? A short run looks for two minutes. */
import { setTimeout as sleep } from 'node:timers/promises'
import { launchBrowser, noBrowser, openPage } from '../test/support/browser.ts'
import { startBusProcess } from './support/bus-process.ts'

const MEGABYTE = 1024 * 1024
const LOOKS = 6

export async function run(rounds: number): Promise<void> {
  console.log('\nthe panel’s memory')
  if (noBrowser !== undefined) return console.log(`  left out: ${noBrowser}`)
  const minutes = rounds > 3 ? 60 : 2
  const browser = await launchBrowser()
  const bus = await startBusProcess(['--demo'])
  try {
    const { page, context } = await openPage(browser, new URL(bus.apiUrl).origin)
    await page.getByText('live', { exact: true }).waitFor()
    const devtools = await context.newCDPSession(page)
    await devtools.send('Performance.enable')
    for (let look = 0; look <= LOOKS; look += 1) {
      if (look > 0) await sleep((minutes * 60_000) / LOOKS)
      await devtools.send('HeapProfiler.collectGarbage')
      const { metrics } = await devtools.send('Performance.getMetrics')
      const read = (name: string) => metrics.find((metric) => metric.name === name)?.value ?? 0
      const heap = (read('JSHeapUsedSize') / MEGABYTE).toFixed(1)
      const after = ((minutes * look) / LOOKS).toFixed(1)
      console.log(
        `  after ${after.padStart(4)} min  ${heap} MiB of heap, ${read('Nodes')} nodes, ${read('JSEventListeners')} listeners`,
      )
    }
  } finally {
    await bus.stop()
    await browser.close()
  }
}
