import { expect, it } from 'vitest'
import { createFakeClock, startTestBus } from '../support/bus.ts'
import { describeInBrowser, startTestBrowser } from '../support/test-browser.ts'
import { expectCount, expectText, laneRow, lanesOf, openPanel } from './panel-page.ts'

const open = startTestBrowser()

const start = () => openPanel(open)

describeInBrowser('a lane on the panel', () => {
  it('comes with its claim and changes with each change, without a reload', async () => {
    const { page, client, clock } = await start()
    await expectText(lanesOf(page), 'No lane is held.')
    await client.lanes.claim({ lane: 'feeds', owner: 'builder', lease_s: 100, note: 'parser' })
    const row = laneRow(page, 'feeds')
    await expectText(row, /feeds builder .*left fence 1 heartbeat \d+s ago parser/)
    await client.lanes.heartbeat({ lane: 'feeds', owner: 'builder', lease_s: 600 })
    await expectText(row, /(10m|9m \d+s) left/)
    clock.advance(600_000)
    await expectText(row, /orphaned lapsed/)
    await client.lanes.claim({ lane: 'feeds', owner: 'reviewer', lease_s: 100 })
    await expectText(row, /feeds reviewer stolen .*fence 2/)
    await client.lanes.release({ lane: 'feeds', owner: 'reviewer' })
    await expectCount(row, 0)
  })

  it('drains its bar with its lease', async () => {
    const { page, client, clock } = await start()
    await client.lanes.claim({ lane: 'feeds', owner: 'builder', lease_s: 100 })
    const width = async () => Number(await laneRow(page, 'feeds').locator('.bar-fill').getAttribute('width'))
    await expect.poll(width, { timeout: 5_000 }).toBeGreaterThan(80)
    clock.advance(75_000)
    await expect.poll(width, { timeout: 5_000 }).toBeLessThan(26)
    expect(
      await laneRow(page, 'feeds')
        .locator('.bar-fill')
        .evaluate((bar) => bar.getBoundingClientRect().width),
    ).toBeGreaterThan(0)
  })

  it('that was there before the page is shown, and shown anew from a bus that lost everything', async () => {
    const clock = createFakeClock()
    const bus = await startTestBus({ createClock: () => clock.now })
    await bus.client.lanes.claim({ lane: 'feeds', owner: 'builder' })
    const { page } = await open(bus.origin)
    await expectText(laneRow(page, 'feeds'), 'builder')
    await bus.close()
    const next = await startTestBus({ port: Number(new URL(bus.origin).port) })
    await next.client.lanes.claim({ lane: 'docs', owner: 'writer' })
    await expectText(laneRow(page, 'docs'), 'writer')
    await expectCount(laneRow(page, 'feeds'), 0)
  })

  it('is found by a part of its name or its owner’s, and free ones are listed when asked for', async () => {
    const { page, client } = await start()
    await client.lanes.claim({ lane: 'feeds', owner: 'builder' })
    await client.lanes.claim({ lane: 'docs', owner: 'writer' })
    await client.lanes.claim({ lane: 'past', owner: 'writer' })
    await client.lanes.release({ lane: 'past', owner: 'writer' })
    const rows = lanesOf(page).getByRole('listitem')
    await expectCount(rows, 2)
    await page.getByRole('searchbox', { name: /only lanes/ }).fill('BUILD')
    await expectCount(rows, 1)
    await page.getByRole('searchbox', { name: /only lanes/ }).fill('')
    await page.getByRole('checkbox', { name: 'free ones, too' }).check()
    await expectText(laneRow(page, 'past'), 'free')
  })
})

describeInBrowser('one lane, opened', () => {
  it('shows its history with refusals, and what its owner says, live', async () => {
    const { page, client, clock } = await start()
    await client.lanes.claim({ lane: 'feeds', owner: 'builder', lease_s: 10, note: 'parser' })
    await client.messages.post({ topic: 'converge', sender: 'builder', body: 'splitting it' })
    for (let times = 0; times < 3; times += 1) {
      await client.lanes.claim({ lane: 'feeds', owner: 'docs' }).catch(() => {})
    }
    clock.advance(10_000)
    await client.lanes.claim({ lane: 'feeds', owner: 'reviewer', lease_s: 60 })
    await laneRow(page, 'feeds').getByRole('link').click()
    const dialog = page.getByRole('dialog', { name: 'feeds' })
    await expectText(dialog, /State held by reviewer/)
    await expectText(dialog, 'reviewer took it over from builder for 60 s, fence 2')
    await expectText(dialog, 'builder claimed it for 10 s, fence 1 – parser')
    await expectText(dialog, /Before builder, until it was stolen/)
    await client.messages.post({ topic: 'converge', sender: 'reviewer', body: 'reading it' })
    await client.lanes.heartbeat({ lane: 'feeds', owner: 'reviewer', lease_s: 90 })
    await expectText(dialog, 'reviewer renewed it for 90 s')
    await expectText(dialog, 'reading it')
    // The bus writes refusals down once a second.
    await expect
      .poll(async () => (await client.lanes.history({ lane: 'feeds' })).refusals[0]?.count, { timeout: 5_000 })
      .toBe(3)
    await client.lanes.heartbeat({ lane: 'feeds', owner: 'reviewer' })
    await expectText(dialog, 'docs was refused while builder held it (lane_held), 3 times')
  })

  it('has an address, opens from it, closes with Escape and gives the address back', async () => {
    const bus = await startTestBus()
    await bus.client.lanes.claim({ lane: 'feeds', owner: 'builder' })
    const { page } = await open(`${bus.origin}/#lane=feeds`)
    const dialog = page.getByRole('dialog', { name: 'feeds' })
    await expectText(dialog, 'builder claimed it')
    await page.keyboard.press('Escape')
    await expectCount(dialog, 0)
    await expect.poll(() => new URL(page.url()).hash, { timeout: 5_000 }).not.toContain('lane')
    await page.goBack()
    await expectText(dialog, 'builder claimed it')
  })

  it('makes way for the reply to what its owner says', async () => {
    const bus = await startTestBus()
    await bus.client.lanes.claim({ lane: 'feeds', owner: 'builder' })
    await bus.client.messages.post({ topic: 'converge', sender: 'builder', body: 'on it' })
    const { page } = await open(`${bus.origin}/#lane=feeds`)
    await page.getByRole('dialog').getByRole('button', { name: 'Reply to #1' }).click()
    await expectCount(page.getByRole('dialog'), 0)
    await page.waitForFunction(() => document.activeElement?.getAttribute('name') === 'body')
    await page.keyboard.type('Until when?')
    expect(await page.getByRole('textbox', { name: 'Message' }).inputValue()).toBe('Until when?')
  })

  it('says that a lane was never claimed', async () => {
    const bus = await startTestBus()
    const { page } = await open(`${bus.origin}/#lane=nowhere`)
    await expectText(page.getByRole('dialog').getByRole('alert'), "lane 'nowhere' was never claimed")
  })
})
