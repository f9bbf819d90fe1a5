import { expect, it } from 'vitest'
import { createFakeClock, startTestBus } from '../support/bus.ts'
import { describeInBrowser, startTestBrowser } from '../support/test-browser.ts'
import { expectCount, expectText } from './panel-page.ts'

const open = startTestBrowser()
const MINUTE = 60_000

/** An hour and a half of two lanes. */
async function start() {
  const clock = createFakeClock()
  const bus = await startTestBus({ createClock: () => clock.now })
  const { lanes } = bus.client
  await lanes.claim({ lane: 'old', owner: 'ann', lease_s: 600 })
  clock.advance(5 * MINUTE)
  await lanes.release({ lane: 'old', owner: 'ann' })
  clock.advance(55 * MINUTE)
  await lanes.claim({ lane: 'feeds', owner: 'builder', lease_s: 600, note: 'parser' })
  clock.advance(5 * MINUTE)
  await lanes.claim({ lane: 'feeds', owner: 'docs' }).catch(() => {})
  clock.advance(10 * MINUTE)
  await lanes.claim({ lane: 'feeds', owner: 'reviewer', lease_s: 1_200 })
  clock.advance(15 * MINUTE)
  const refusals = async () => (await lanes.timeline({})).refusals.length
  await expect.poll(refusals, { timeout: 5_000 }).toBe(1)
  const { page } = await open(bus.origin)
  const timeline = page.getByRole('region', { name: 'Timeline' })
  const row = (name: string) => timeline.getByRole('link', { name: new RegExp(`^${name}:`) })
  return { ...bus, page, timeline, row }
}

describeInBrowser('the timeline on the panel', () => {
  it('shows the tenures of the last hour as bars, with steals and refusals marked, in words as well', async () => {
    const { timeline, row } = await start()
    await row('feeds').waitFor()
    await expectCount(row('old'), 0)
    expect(await row('feeds').getAttribute('aria-label')).toBe('feeds: 2 tenures, 1 steal, 1 refusal')
    const titles = await row('feeds').locator('title').allTextContents()
    expect(titles).toEqual([
      expect.stringMatching(/^builder, fence 1: .* to .* \(stolen\) – parser$/),
      expect.stringMatching(/^reviewer, fence 2: .* to now$/),
      expect.stringMatching(/^reviewer took it over from builder at/),
      expect.stringMatching(/^docs was refused while builder held it \(lane_held\), last at/),
    ])
    const [first, second] = await row('feeds')
      .locator('.tenure')
      .evaluateAll((bars) => bars.map((bar) => [Number(bar.getAttribute('x')), Number(bar.getAttribute('width'))]))
    // Half an hour ago for ten of its fifteen minutes; then for fifteen minutes, until now.
    expect(first?.map(Math.round)).toEqual([500, 167])
    expect(second?.map(Math.round)).toEqual([750, 250])
    expect(Number(await row('feeds').locator('.lapsed').first().getAttribute('width'))).toBeCloseTo(83, 0)
    await expectText(timeline, 'now')
  })

  it('shows the last day when it is asked for', async () => {
    const { timeline, row } = await start()
    await timeline.getByRole('button', { name: '1 day' }).click()
    await row('old').waitFor()
    await timeline.getByRole('button', { name: '1 hour' }).click()
    await expectCount(row('old'), 0)
  })

  it('opens a lane, and takes up what happens', async () => {
    const { page, client, row } = await start()
    await client.lanes.claim({ lane: 'fresh', owner: 'docs' })
    await row('fresh').waitFor()
    await row('fresh').click()
    await expectText(page.getByRole('dialog', { name: 'fresh' }), 'docs claimed it')
  })
})
