import { expect, it } from 'vitest'
import { untilWaiting } from '../support/nodes.ts'
import { describeInBrowser, startTestBrowser } from '../support/test-browser.ts'
import { expectCount, expectNumbers, expectText, needs, openPanel } from './panel-page.ts'

const open = startTestBrowser()
const MINUTE = 60_000

const start = () => openPanel(open)

describeInBrowser('the panel’s top line', () => {
  it('shows the numbers of the status, and calm words when nobody needs anything', async () => {
    const { page } = await start()
    await expectNumbers(page, [0, 0, 0, 0])
    await expectText(needs(page), 'All clear. Nobody needs you.')
    expect(await page.title()).toBe('bus-mcp')
  })

  it('shows the same numbers as /api/bus/status, whatever happens', async () => {
    const { page, client, clock } = await start()
    for (const lane of ['one', 'two', 'three']) await client.lanes.claim({ lane, owner: 'ann', lease_s: 60 })
    await client.lanes.claim({ lane: 'short', owner: 'ann', lease_s: 5 })
    await client.messages.post({ topic: 't', sender: 'ann', body: 'look', action_flag: true })
    const waiting = client.lanes.claim({ lane: 'one', owner: 'bob', wait_s: 20 }).catch(() => 'ended')
    await untilWaiting(client, 'one', 1)
    clock.advance(5_000)
    const { _meta } = await client.status.get({})
    // The waiter's own sign of life is older than the leap of the clock until it looks again.
    expect([_meta.active_lane_count, _meta.orphaned_claim_count]).toEqual([3, 1])
    await expectNumbers(page, [3, 1, 1, 3])
    await expect.poll(() => page.title(), { timeout: 5_000 }).toBe('(3) bus-mcp')
    await client.lanes.release({ lane: 'one', owner: 'ann' })
    await waiting
    await expectNumbers(page, [3, 1, 0, 2])
  })
})

describeInBrowser('what needs somebody, on the panel', () => {
  it('is the exact ask of a flag with its sender and its age, until the button acknowledges it', async () => {
    const { page, client, clock } = await start()
    const ask = 'Approve the migration\nof table orders?'
    const { id } = await client.messages.post({ topic: 'db', sender: 'migrations', body: ask, action_flag: true })
    const item = needs(page).getByRole('listitem')
    await expectText(item, `action migrations asks in db · #${id} · waiting for`)
    expect(await item.locator('.body').innerText()).toBe(ask)
    clock.advance(3 * MINUTE)
    await expectText(item, /waiting for 3m/)
    await item.getByRole('button', { name: `Acknowledge #${id} of migrations` }).click()
    await expectText(needs(page), 'All clear')
    expect(await client.messages.get({ id })).toMatchObject({ acked_by: 'operator' })
  })

  it('is an orphaned claim with its owner, until the button releases it with a reason', async () => {
    const { page, client, clock } = await start()
    await client.lanes.claim({ lane: 'feeds', owner: 'builder', lease_s: 10, note: 'splitting the parser' })
    clock.advance(70_000)
    const item = needs(page).getByRole('listitem')
    await expectText(item, /orphaned feeds was left by builder; the lease ran out 1m( \ds)? ago splitting the parser/)
    await item.getByRole('textbox', { name: 'Reason to release feeds' }).fill('its machine was rebuilt')
    await item.getByRole('button', { name: 'Release feeds' }).click()
    await expectText(needs(page), 'All clear')
    const { events } = await client.lanes.history({ lane: 'feeds' })
    expect(events[0]).toMatchObject({
      event: 'clear',
      owner: 'operator',
      from: 'builder',
      note: 'its machine was rebuilt',
    })
  })

  it('never releases a tenure that began meanwhile', async () => {
    const { page, client, clock } = await start()
    await client.lanes.claim({ lane: 'feeds', owner: 'builder', lease_s: 10 })
    clock.advance(10_000)
    const release = needs(page).getByRole('button', { name: 'Release feeds' })
    await release.waitFor()
    await page.route('**/attention', (route) => route.abort())
    await client.lanes.claim({ lane: 'feeds', owner: 'reviewer', lease_s: 60 })
    await release.click()
    await page.unroute('**/attention')
    await expectText(needs(page), 'All clear')
    await expectCount(page.getByRole('alert'), 0)
    expect((await client.lanes.get({ lane: 'feeds' })).lane).toMatchObject({ owner: 'reviewer', state: 'held' })
  })

  it('is a lane with a queue, with who holds it', async () => {
    const { page, client } = await start()
    await client.lanes.claim({ lane: 'feeds', owner: 'builder', lease_s: 300 })
    const waits = ['docs', 'reviewer'].map((owner) => client.lanes.claim({ lane: 'feeds', owner, wait_s: 30 }))
    await expectText(needs(page).getByRole('listitem'), /contended 2 wait for feeds.*builder holds it for another 5m/)
    await client.lanes.release({ lane: 'feeds', owner: 'builder' })
    await waits[0]
    await client.lanes.release({ lane: 'feeds', owner: 'docs' })
    await waits[1]
    await expectText(needs(page), 'All clear')
  })

  it('is a lane whose owner has long said nothing, and a button begins a message to them', async () => {
    const { page, client, clock } = await start()
    await client.messages.post({ topic: 'converge', sender: 'builder', body: 'on it' })
    await client.lanes.claim({ lane: 'feeds', owner: 'builder', lease_s: 3_600 })
    clock.advance(12 * MINUTE)
    const item = needs(page).getByRole('listitem')
    await expectText(item, /silent builder holds feeds and has said nothing for 12m/)
    await item.getByRole('button', { name: 'Ask builder about feeds' }).click()
    await page.getByRole('textbox', { name: 'Message' }).fill('Are you there?')
    await page.getByRole('button', { name: 'Post', exact: true }).click()
    await expect
      .poll(async () => (await client.messages.read({ recipient: 'builder' })).messages, { timeout: 5_000 })
      .toMatchObject([{ topic: 'lane:feeds', sender: 'operator', body: 'Are you there?' }])
    await client.messages.post({ topic: 'lane:feeds', sender: 'builder', body: 'yes' })
    await expectText(needs(page), 'All clear')
  })

  it('is a long ask only in part, so that its button and the next card are in sight', async () => {
    const { page, client } = await start()
    await client.messages.post({ topic: 't', sender: 'ann', body: 'long '.repeat(12_000), action_flag: true })
    const card = needs(page).getByRole('listitem')
    await card.getByRole('button', { name: 'Show all' }).waitFor()
    expect(await card.evaluate((item) => item.clientHeight)).toBeLessThan(400)
  })

  it('lists flags before orphaned claims', async () => {
    const { page, client, clock } = await start()
    await client.lanes.claim({ lane: 'feeds', owner: 'builder', lease_s: 10 })
    clock.advance(10_000)
    await client.messages.post({ topic: 't', sender: 'ann', body: 'look', action_flag: true })
    await expectCount(needs(page).getByRole('listitem'), 2)
    const texts = await needs(page).getByRole('listitem').allInnerTexts()
    expect(texts.map((text) => text.split(/\s/)[0])).toEqual(['action', 'orphaned'])
  })
})
