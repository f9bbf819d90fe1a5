import { readFileSync } from 'node:fs'
import { createRequire } from 'node:module'
import { join } from 'node:path'
import { gzipSync } from 'node:zlib'
import type { Page } from 'playwright-core'
import { expect, it } from 'vitest'
import { createFakeClock, startTestBus } from '../support/bus.ts'
import { describeInBrowser, startTestBrowser } from '../support/test-browser.ts'
import { expectCount, expectText, laneRow, messageWith, needs, untilLive } from './panel-page.ts'

const open = startTestBrowser()
const AXE = readFileSync(createRequire(import.meta.url).resolve('axe-core/axe.min.js'), 'utf8')
const MAX_SCRIPT_BYTES = 60 * 1024

/** A bus on which there is something of everything. */
async function startBusy() {
  const clock = createFakeClock()
  const bus = await startTestBus({ createClock: () => clock.now })
  const { lanes, messages } = bus.client
  for (let index = 0; index < 12; index += 1) {
    await lanes.claim({ lane: `lane-${index}`, owner: `agent-${index}`, lease_s: 3_600, note: 'at work' })
    await messages.post({
      topic: `topic-${index % 3}`,
      sender: `agent-${index}`,
      body: `message ${index}`,
      action_flag: index === 3,
    })
  }
  await lanes.claim({ lane: 'left', owner: 'gone', lease_s: 5 })
  clock.advance(15 * 60_000)
  await lanes.claim({ lane: 'taken', owner: 'ann', lease_s: 1 })
  clock.advance(1_000)
  await lanes.claim({ lane: 'taken', owner: 'bob', lease_s: 60 })
  return { ...bus, clock }
}

interface Violation {
  readonly id: string
  readonly impact: string
  readonly nodes: readonly { readonly html: string }[]
}

/** What axe finds of the two worst kinds. Its script is no part of the page, and the page's own policy keeps it out. */
async function findSerious(page: Page): Promise<string[]> {
  await page.evaluate(AXE)
  const violations: Violation[] = await page.evaluate(
    async () =>
      (await (globalThis as unknown as { axe: { run(): Promise<{ violations: Violation[] }> } }).axe.run()).violations,
  )
  return violations
    .filter(({ impact }) => impact === 'serious' || impact === 'critical')
    .map(({ id, nodes }) => `${id}: ${nodes.map(({ html }) => html).join(' ')}`)
}

const VIEWS = [
  ['in light', { colorScheme: 'light' }],
  ['in dark', { colorScheme: 'dark' }],
  ['at the width of a phone', { colorScheme: 'light', viewport: { width: 390, height: 844 } }],
] as const

describeInBrowser('the panel', () => {
  it.each(VIEWS)('has nothing serious in it for axe, %s, with a lane open or not', async (_, options) => {
    const { origin } = await startBusy()
    const { page } = await open(origin, options)
    await untilLive(page)
    await expectCount(page.getByRole('article'), 13)
    await page.getByRole('region', { name: 'Timeline' }).getByRole('link').first().waitFor()
    await page.getByRole('button', { name: 'Post a message…' }).click()
    expect(await findSerious(page)).toEqual([])
    await page.getByRole('button', { name: 'Cancel' }).click()
    await page.goto(`${origin}/#lane=taken`)
    await expectText(page.getByRole('dialog'), 'bob took it over from ann')
    expect(await findSerious(page)).toEqual([])
  })

  it('is found wanting by axe when it is', async () => {
    const { origin } = await startBusy()
    const { page } = await open(origin)
    await untilLive(page)
    await page.evaluate(() => document.querySelector('h1')?.insertAdjacentHTML('afterend', '<button></button>'))
    expect((await findSerious(page)).join()).toContain('button-name')
  })

  it('needs no sideways scrolling on a phone', async () => {
    const { origin } = await startBusy()
    const { page } = await open(origin, { viewport: { width: 360, height: 740 } })
    await untilLive(page)
    await laneRow(page, 'left').waitFor()
    expect(await page.evaluate(() => document.documentElement.scrollWidth)).toBeLessThanOrEqual(360)
  })

  it('stays within its width when topics, owners and lanes are as long as they may be', async () => {
    const { origin, client } = await startTestBus()
    const long = 'x'.repeat(128)
    await client.lanes.claim({ lane: long, owner: long, lease_s: 1, note: 'y'.repeat(500) })
    await client.messages.post({ topic: long, sender: long, recipient: long, body: long, action_flag: true })
    for (const width of [1_280, 360]) {
      const { page } = await open(origin, { viewport: { width, height: 800 } })
      await untilLive(page)
      await expectCount(needs(page).getByRole('listitem'), 2)
      expect(await page.evaluate(() => document.documentElement.scrollWidth)).toBeLessThanOrEqual(width)
      const [column, cards] = await Promise.all([
        needs(page).evaluate((section) => section.getBoundingClientRect().right),
        needs(page)
          .getByRole('listitem')
          .evaluateAll((items) => items.map((item) => item.getBoundingClientRect().right)),
      ])
      for (const right of cards) expect(right).toBeLessThan(column)
    }
  })

  it('does everything by keyboard: acknowledge, release, open a lane, close it', async () => {
    const { origin, client } = await startBusy()
    const { page } = await open(origin)
    await untilLive(page)
    await needs(page)
      .getByRole('button', { name: /Acknowledge/ })
      .waitFor()
    const tabTo = async (wanted: RegExp) => {
      for (let presses = 0; presses < 60; presses += 1) {
        await page.keyboard.press('Tab')
        const focused = await page.evaluate(() => {
          const { ariaLabel, textContent } = document.activeElement ?? {}
          return ariaLabel ?? textContent ?? ''
        })
        if (wanted.test(focused)) return
      }
      throw new Error(`${wanted} is not reached`)
    }
    await tabTo(/^Acknowledge #4/)
    await page.keyboard.press('Enter')
    await expect.poll(async () => (await client.messages.get({ id: 4 })).acked_by, { timeout: 5_000 }).toBe('operator')
    await tabTo(/^Reason to release left/)
    await page.keyboard.type('nobody there')
    await page.keyboard.press('Enter')
    await expect
      .poll(async () => (await client.lanes.get({ lane: 'left' })).lane.state, { timeout: 5_000 })
      .toBe('free')
    await tabTo(/^lane-0$/)
    await page.keyboard.press('Enter')
    await page.getByRole('dialog', { name: 'lane-0' }).waitFor()
    await page.keyboard.press('Escape')
    await expectCount(page.getByRole('dialog'), 0)
  })

  it('shows script and markup in every field as text', async () => {
    const { origin, client } = await startTestBus()
    const evil = '<img src=x onerror="document.title=1"><script>document.title=1</script>&lt;b&gt;'
    const owner = `${evil} owner`
    await client.messages.post({
      topic: `${evil} topic`,
      sender: owner,
      recipient: `${evil} to`,
      body: `${evil} body`,
      action_flag: true,
    })
    await client.lanes.claim({ lane: 'feeds', owner, note: `${evil} note`, lease_s: 1 })
    await expect
      .poll(async () => (await client.lanes.get({ lane: 'feeds' })).lane.state, { timeout: 5_000 })
      .toBe('orphaned')
    const { page } = await open(`${origin}/#${new URLSearchParams({ lane: 'feeds', topic: `${evil} topic` })}`)
    await untilLive(page)
    const dialog = page.getByRole('dialog')
    await expectText(dialog, `${evil} note`)
    await expectText(dialog, `${evil} body`)
    await page.keyboard.press('Escape')
    await expectText(messageWith(page, `${evil} body`), `${evil} to`)
    await expectText(needs(page).getByRole('listitem').first(), `${evil} topic`)
    await expectText(laneRow(page, 'feeds'), `${evil} note`)
    await expect.poll(() => page.locator('title', { hasText: evil }).count(), { timeout: 10_000 }).toBeGreaterThan(0)
    expect(await page.locator('img, script:not([src])').count()).toBe(0)
    expect(await page.title()).not.toBe('1')
  })

  it('is refused by its policy what it must never do, and that is noticed here', async () => {
    const { origin } = await startTestBus()
    const { page, faults } = await open(origin)
    await untilLive(page)
    await page.evaluate(() => {
      const script = document.createElement('script')
      script.textContent = 'document.title = "broken"'
      document.head.append(script)
    })
    expect(await page.title()).toBe('bus-mcp')
    await expect.poll(() => faults.length, { timeout: 5_000 }).toBeGreaterThan(0)
    expect(faults.join()).toContain('script-src')
    // That was the test's own doing.
    faults.splice(0)
  })

  it('is a small program', () => {
    const script = readFileSync(join(import.meta.dirname, '../../dist/panel/main.js'))
    expect(gzipSync(script).length).toBeLessThan(MAX_SCRIPT_BYTES)
  })
})
