/** How heavy is the panel, how soon is it painted, and how soon is a claim on the API a row on the screen? */
import { readFileSync } from 'node:fs'
import { join } from 'node:path'
import { gzipSync } from 'node:zlib'
import type { Browser } from 'playwright-core'
import { launchBrowser, noBrowser, openPage } from '../test/support/browser.ts'
import { startBusProcess } from './support/bus-process.ts'
import { quantile } from './support/measure.ts'

const PAINTS = 9
const CLAIMS = 200

export async function run(rounds: number): Promise<void> {
  console.log('\nthe panel')
  for (const file of ['index.html', 'main.js', 'style.css']) {
    const bytes = readFileSync(join(import.meta.dirname, '../dist/panel', file))
    console.log(`  ${file.padEnd(14)} ${bytes.length} bytes, ${gzipSync(bytes).length} zipped`)
  }
  if (noBrowser !== undefined) return console.log(`  the rest was left out: ${noBrowser}`)
  const browser = await launchBrowser()
  const bus = await startBusProcess(['--database-url', 'sqlite::memory:'])
  const { origin } = new URL(bus.apiUrl)
  try {
    describe('first paint', await measurePaints(browser, origin, rounds))
    describe('claim to row', await measureRows(browser, origin, rounds))
  } finally {
    await bus.stop()
    await browser.close()
  }
}

/** From the navigation to the first content, each time without a cache, in milliseconds. */
async function measurePaints(browser: Browser, origin: string, rounds: number): Promise<number[]> {
  const times: number[] = []
  for (let count = 0; count < PAINTS * rounds; count += 1) {
    const { page, context } = await openPage(browser, origin)
    await page.getByText('live', { exact: true }).waitFor()
    times.push(Number(await page.evaluate("performance.getEntriesByName('first-contentful-paint')[0].startTime")))
    await context.close()
  }
  return times
}

/** From the moment a claim is sent to the frame that shows its row, both on the page's own clock, in milliseconds. */
async function measureRows(browser: Browser, origin: string, rounds: number): Promise<number[]> {
  const { page, context } = await openPage(browser, origin)
  await page.getByText('live', { exact: true }).waitFor()
  const times: number[] = []
  for (let count = 0; count < CLAIMS * rounds; count += 1) {
    times.push(Number(await page.evaluate(`(${CLAIM_AND_SEE})('lane-${count % 50}')`)))
  }
  await context.close()
  return times
}

const CLAIM_AND_SEE = `async (lane) => {
  const list = document.querySelector('#lanes')
  const act = (verb) => fetch('/api/bus/lanes/' + lane + '/' + verb, {
    method: 'POST', headers: { 'content-type': 'application/json' }, body: JSON.stringify({ owner: 'bench' }),
  })
  const isShown = () => [...list.querySelectorAll('.lane-name')].some((link) => link.textContent === lane)
  const until = (wanted) => new Promise((resolve) => {
    const observer = new MutationObserver(() => isShown() === wanted && (observer.disconnect(), resolve()))
    observer.observe(list, { childList: true, subtree: true, characterData: true })
    if (isShown() === wanted) { observer.disconnect(); resolve() }
  })
  const startedAt = performance.now()
  void act('claim')
  await until(true)
  await new Promise(requestAnimationFrame)
  const took = performance.now() - startedAt
  await act('release')
  await until(false)
  return took
}`

function describe(name: string, times: number[]): void {
  times.sort((one, other) => one - other)
  const [p50, p99] = [0.5, 0.99].map((share) => quantile(times, share).toFixed(1))
  console.log(`  ${name.padEnd(14)} p50 ${p50} ms, p99 ${p99} ms, of ${times.length}`)
}
