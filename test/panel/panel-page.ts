import type { Locator, Page } from 'playwright-core'
import { expect } from 'vitest'
import { createFakeClock, startTestBus } from '../support/bus.ts'
import type { startTestBrowser } from '../support/test-browser.ts'

/** How long the page may take to show what happened, on a machine that is busy with other tests. */
const SHOWN_WITHIN_MS = 10_000

/** Waits until the element says so. */
export async function expectText(locator: Locator, text: string | RegExp): Promise<void> {
  const shown = expect.poll(async () => ((await locator.count()) === 1 ? flatten(await locator.innerText()) : ''), {
    timeout: SHOWN_WITHIN_MS,
  })
  await (typeof text === 'string' ? shown.toContain(text) : shown.toMatch(text))
}

/** Waits until there are so many. */
export async function expectCount(locator: Locator, count: number): Promise<void> {
  await expect.poll(() => locator.count(), { timeout: SHOWN_WITHIN_MS }).toBe(count)
}

/** Waits until the page is connected. */
export async function untilLive(page: Page): Promise<void> {
  await expectText(page.locator('.connection'), 'live')
}

/** A bus whose clock is moved by the test, and its panel, connected. */
export async function openPanel(open: ReturnType<typeof startTestBrowser>) {
  const clock = createFakeClock()
  const bus = await startTestBus({ createClock: () => clock.now })
  const { page } = await open(bus.origin)
  await untilLive(page)
  return { ...bus, clock, page }
}

/** The four numbers of the top line, in their order. */
export async function readNumbers(page: Page): Promise<string[]> {
  const texts = await page.getByRole('list', { name: 'At a glance' }).getByRole('listitem').allInnerTexts()
  return texts.map(flatten)
}

export async function expectNumbers(page: Page, numbers: readonly [number, number, number, number]): Promise<void> {
  const [active, orphaned, waiting, needing] = numbers
  await expect
    .poll(() => readNumbers(page), { timeout: SHOWN_WITHIN_MS })
    .toEqual([`${active} active`, `${orphaned} orphaned`, `${waiting} waiting`, `${needing} needs you`])
}

export function needs(page: Page): Locator {
  return page.getByRole('region', { name: 'Needs you' })
}

export function lanesOf(page: Page): Locator {
  return page.getByRole('region', { name: 'Lanes' })
}

export function laneRow(page: Page, name: string): Locator {
  return lanesOf(page)
    .getByRole('listitem')
    .filter({ has: page.getByRole('link', { name, exact: true }) })
}

export function messagesOf(page: Page): Locator {
  return page.locator('#messages')
}

export function messageWith(page: Page, text: string): Locator {
  return messagesOf(page).getByRole('article').filter({ hasText: text })
}

function flatten(text: string): string {
  return text.replace(/\s+/g, ' ').trim()
}
