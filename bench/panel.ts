/** How heavy is the panel, how soon is it painted, and how soon is a claim on the API a row on the screen? */
import { readFileSync } from 'node:fs'
import { join } from 'node:path'
import { gzipSync } from 'node:zlib'
import type { Browser } from 'playwright-core'
import { launchBrowser, noBrowser, openPage } from '../test/support/browser.ts'
import { summarize } from './support/measure.ts'
import type { Answer, Budget, Section, Target } from './support/question.ts'
import { withWorkplace } from './support/servers.ts'

export const asks =
  'How heavy is the panel, how soon is it painted, and how soon is a claim on the API a row on the screen?'
export const targets: readonly Target[] = []

const PAINTS = 9
const CLAIMS = 200

export function run({ rounds }: Budget): Promise<Answer> {
  const weights = ['index.html', 'main.js', 'style.css'].map((file): Section => {
    const bytes = readFileSync(join(import.meta.dirname, '../dist/panel', file))
    const sizes = { plain: bytes.length, zipped: gzipSync(bytes).length }
    return { title: file, figures: Object.entries(sizes).map(([name, size]) => summarize(name, [size / 1024], 'KiB')) }
  })
  if (noBrowser !== undefined) {
    return Promise.resolve({ sections: weights, ratios: [], notes: [`the rest was left out: ${noBrowser}`] })
  }
  return withWorkplace(async (workplace) => {
    const browser = await launchBrowser()
    workplace.atEnd(() => browser.close())
    const { origin } = await workplace.startBusWith(['--database-url', 'sqlite::memory:'])
    const figures = [
      summarize('first paint', await measurePaints(browser, origin, rounds)),
      summarize('claim to row', await measureRows(browser, origin, rounds)),
    ]
    return { sections: [...weights, { title: 'in a browser', figures }], ratios: [] }
  })
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
