/**
 * `npm run screenshots`: the panel as the README and the guide show it, made anew from buses that this script starts.
 * Needs a Chromium, Chrome or Edge.
 */
import { mkdirSync } from 'node:fs'
import { join } from 'node:path'
import type { Browser, Page } from 'playwright-core'
import { type BusProcess, startBusProcess } from '../bench/support/bus-process.ts'
import { createBusClient } from '../src/client/index.ts'
import { launchBrowser, openPage } from '../test/support/browser.ts'

const FOLDER = join(import.meta.dirname, '../docs/images')
const PHONE = { viewport: { width: 390, height: 844 }, deviceScaleFactor: 2 }
const DESK = { viewport: { width: 1440, height: 900 } }

mkdirSync(FOLDER, { recursive: true })
const browser = await launchBrowser()
const demo = await startBusProcess(['--demo'])
try {
  await showBusy(browser, demo)
  await showAllClear(browser)
} finally {
  await demo.stop()
  await browser.close()
}

async function showBusy(by: Browser, { apiUrl, stop }: BusProcess): Promise<void> {
  const { origin } = new URL(apiUrl)
  for (const [name, options] of [
    ['panel-light', { ...DESK, colorScheme: 'light' }],
    ['panel-dark', { ...DESK, colorScheme: 'dark' }],
    ['panel-phone', { ...PHONE, colorScheme: 'light' }],
  ] as const) {
    const { page, context } = await openPage(by, origin, options)
    await untilLive(page)
    await page.locator('.tenure').first().waitFor()
    await shoot(page, name)
    await context.close()
  }
  const { page, context } = await openPage(by, origin, DESK)
  await untilLive(page)
  await page.locator('#timeline .tenure').first().waitFor()
  await page.locator('#timeline').screenshot({ path: join(FOLDER, 'panel-timeline.png') })
  await page.locator('#lanes a.lane-name').first().click()
  await page.locator('dialog .history li').first().waitFor()
  await shoot(page, 'panel-lane')
  await page.keyboard.press('Escape')
  await stop()
  await page.getByText(/showing data \d+s old/).waitFor()
  await page.waitForTimeout(10_000)
  await shoot(page, 'panel-disconnected')
  await context.close()
}

async function showAllClear(by: Browser): Promise<void> {
  const bus = await startBusProcess(['--database-url', 'sqlite::memory:'])
  const { lanes, messages } = createBusClient({ baseUrl: bus.apiUrl })
  await messages.post({ topic: 'converge', sender: 'planner', body: 'Feeds first, then the docs.' })
  await lanes.claim({ lane: 'feeds-refactor', owner: 'builder', lease_s: 300, note: 'splitting the parser' })
  await messages.post({ topic: 'converge', sender: 'builder', body: 'On it: the parser is split, tests next.' })
  const { page, context } = await openPage(by, new URL(bus.apiUrl).origin, {
    ...DESK,
    viewport: { width: 1440, height: 560 },
  })
  await untilLive(page)
  await page.getByText('All clear.').waitFor()
  await page.locator('.tenure').first().waitFor()
  await shoot(page, 'panel-all-clear')
  await context.close()
  await bus.stop()
}

async function untilLive(page: Page): Promise<void> {
  await page.getByText('live', { exact: true }).waitFor()
  await page.getByRole('article').first().waitFor()
}

async function shoot(page: Page, name: string): Promise<void> {
  await page.screenshot({ path: join(FOLDER, `${name}.png`) })
  console.log(`docs/images/${name}.png`)
}
