import { expect, it } from 'vitest'
import { startTestBus } from '../support/bus.ts'
import { describeInBrowser, startTestBrowser } from '../support/test-browser.ts'
import { expectCount, expectNumbers, expectText, laneRow, messageWith, needs, untilLive } from './panel-page.ts'

const open = startTestBrowser()
const SECRET = 'open sesame'

async function startArmed() {
  const bus = await startTestBus({ writeSecret: SECRET })
  await bus.client.messages.post({ topic: 't', sender: 'ann', body: 'look', action_flag: true })
  const { page } = await open(bus.origin)
  await untilLive(page)
  return { ...bus, page }
}

describeInBrowser('the panel of a bus that goes away', () => {
  it('says how old what it shows is, and is live again by itself, with nothing missed', async () => {
    const bus = await startTestBus()
    await bus.client.lanes.claim({ lane: 'feeds', owner: 'builder' })
    const { page } = await open(bus.origin)
    await untilLive(page)
    await expectText(laneRow(page, 'feeds'), 'builder')
    await bus.close()
    await expectText(page.locator('.connection'), /disconnected, showing data [2-9]s old/)
    await expectText(laneRow(page, 'feeds'), 'builder')
    const next = await startTestBus({ port: Number(new URL(bus.origin).port) })
    await next.client.messages.post({ topic: 't', sender: 'ann', body: 'while you were away' })
    await untilLive(page)
    await expectText(messageWith(page, 'while you were away'), 'ann')
    const notice = page.getByRole('alert')
    await expectText(notice, 'The bus has had another database since')
    await notice.getByRole('button', { name: 'Dismiss' }).click()
    await expectCount(notice, 0)
  })

  it('is not live while the events do not come, though every question is answered', async () => {
    const bus = await startTestBus()
    const { page } = await open(bus.origin)
    await page.route('**/events', (route) => route.abort())
    await page.reload()
    await expectNumbers(page, [0, 0, 0, 0])
    await expectText(page.locator('.connection'), 'connecting…')
    await page.unroute('**/events')
    await untilLive(page)
  })

  it('goes on where it was when only the connection broke, and misses nothing', async () => {
    const bus = await startTestBus()
    const { page, context } = await open(bus.origin)
    await untilLive(page)
    await context.setOffline(true)
    await expectText(page.locator('.connection'), /disconnected/)
    await bus.client.lanes.claim({ lane: 'feeds', owner: 'builder' })
    await bus.client.messages.post({ topic: 't', sender: 'ann', body: 'meanwhile' })
    await context.setOffline(false)
    await untilLive(page)
    await expectText(laneRow(page, 'feeds'), 'builder')
    await expectCount(messageWith(page, 'meanwhile'), 1)
  })
})

describeInBrowser('the panel of an armed bus', () => {
  it('is read-only without the secret', async () => {
    const { page } = await startArmed()
    await expectText(page.locator('summary'), 'read-only')
    const acknowledge = needs(page).getByRole('button', { name: /Acknowledge/ })
    expect(await acknowledge.isDisabled()).toBe(true)
    expect(await acknowledge.getAttribute('title')).toBe('Read-only: give the write secret first')
    await page.getByRole('button', { name: 'Post a message…' }).click()
    expect(await page.getByRole('button', { name: 'Post', exact: true }).isDisabled()).toBe(true)
  })

  it('takes the secret, keeps it in memory only, and forgets it when told', async () => {
    const { page, client } = await startArmed()
    await page.getByText('read-only').click()
    await page.getByLabel('Write secret').fill(SECRET)
    await page.getByRole('button', { name: 'Use it' }).click()
    await expectText(page.locator('summary'), 'armed, secret given')
    await page.locator('summary').click()
    await needs(page)
      .getByRole('button', { name: /Acknowledge/ })
      .click()
    await expectText(needs(page), 'All clear')
    expect(await client.messages.get({ id: 1 })).toMatchObject({ acked_by: 'operator' })
    const kept = await page.evaluate(() =>
      JSON.stringify([{ ...localStorage }, { ...sessionStorage }, document.cookie, location.href]),
    )
    expect(kept).not.toContain('sesame')
    await page.locator('summary').click()
    await page.getByRole('button', { name: 'Forget it' }).click()
    await expectText(page.locator('summary'), 'read-only')
    await page.reload()
    await expectText(page.locator('summary'), 'read-only')
  })

  it('says that the bus refused the secret, and asks for it again', async () => {
    const { page, client } = await startArmed()
    await page.getByText('read-only').click()
    await page.getByLabel('Write secret').fill('open barley')
    await page.getByRole('button', { name: 'Use it' }).click()
    await page.locator('summary').click()
    await needs(page)
      .getByRole('button', { name: /Acknowledge/ })
      .click()
    await expectText(page.getByRole('alert'), 'The bus refused the write secret. Give it again.')
    await expectText(page.locator('summary'), 'read-only')
    expect((await client.messages.get({ id: 1 })).acked_by).toBeUndefined()
  })

  it('takes no secret that no header can carry', async () => {
    const { page } = await startArmed()
    await page.getByText('read-only').click()
    await page.getByLabel('Write secret').fill('schlüssel ')
    await page.getByRole('button', { name: 'Use it' }).click()
    await expectText(page.getByRole('alert'), 'printable ASCII')
  })
})
