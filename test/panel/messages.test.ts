import type { Locator, Page } from 'playwright-core'
import { expect, it } from 'vitest'
import type { BusClient } from '../../src/client/index.ts'
import { startTestBus } from '../support/bus.ts'
import { describeInBrowser, startTestBrowser } from '../support/test-browser.ts'
import { expectCount, expectText, messagesOf, messageWith, untilLive } from './panel-page.ts'

const open = startTestBrowser()

/** A bus on which these were said, and its panel. */
async function start(say: (client: BusClient) => Promise<unknown> = async () => {}, fragment = '') {
  const bus = await startTestBus()
  await say(bus.client)
  const { page } = await open(`${bus.origin}/${fragment}`)
  await untilLive(page)
  return { ...bus, page }
}

const post = (client: BusClient, body: string, fields: object = {}) =>
  client.messages.post({ topic: 'converge', sender: 'ann', body, ...fields })

const articles = (page: Page) => messagesOf(page).getByRole('article')

async function bodiesOf(list: Locator): Promise<string[]> {
  return list.locator('.body').allInnerTexts()
}

/** Types into a field as a person does, and leaves it. */
async function filter(page: Page, name: string, text: string): Promise<void> {
  const field = messagesOf(page).getByLabel(name, { exact: true })
  await field.fill(text)
  await field.press('Enter')
}

describeInBrowser('the stream of messages on the panel', () => {
  it('shows what is said, newest first, as it is said', async () => {
    const { page, client } = await start((bus) => post(bus, 'first'))
    await expectText(messageWith(page, 'first'), /ann converge .*#1/)
    await post(client, 'second\nin two lines', { recipient: 'bob' })
    await expectText(messageWith(page, 'second'), /ann → bob converge/)
    expect(await bodiesOf(articles(page))).toEqual(['second\nin two lines', 'first'])
  })

  it('never moves what is being read: new ones wait until they are asked for', async () => {
    const { page, client } = await start(async (bus) => {
      for (let index = 1; index <= 40; index += 1) await post(bus, `message ${index} ${'text '.repeat(30)}`)
    })
    const read = messageWith(page, 'message 30 ')
    await read.scrollIntoViewIfNeeded()
    const list = messagesOf(page).getByRole('log')
    await list.evaluate((element) => element.scrollTo(0, 600))
    await page.waitForTimeout(100)
    const top = () => read.evaluate((element) => element.getBoundingClientRect().top)
    const before = await top()
    for (let index = 0; index < 3; index += 1) await post(client, `fresh ${index}`)
    const held = page.getByRole('button', { name: '3 new' })
    await held.waitFor()
    // The button itself comes above the list, which keeps its place on the screen.
    await expectCount(messageWith(page, 'fresh'), 0)
    expect(Math.abs((await top()) - before)).toBeLessThan(60)
    await held.click()
    await expectCount(messageWith(page, 'fresh'), 3)
    expect(await list.evaluate((element) => element.scrollTop)).toBe(0)
  })

  it('holds new ones back while the pointer is on the list, and shows them at once when it is not', async () => {
    const { page, client } = await start((bus) => post(bus, 'first'))
    await messageWith(page, 'first').hover()
    await post(client, 'second')
    await page.getByRole('button', { name: '1 new' }).click()
    await expectCount(articles(page), 2)
    await page.mouse.move(5, 5)
    await post(client, 'third')
    await expectCount(articles(page), 3)
  })

  it('filters by topic, sender and flag, finds words, and says what it shows in the address', async () => {
    const { page, client } = await start(async (bus) => {
      await post(bus, 'deploy the feeds', { topic: 'release' })
      await post(bus, 'look here', { sender: 'bob', action_flag: true })
      await post(bus, 'nothing else')
    })
    await filter(page, 'topic', 'release')
    await expectCount(articles(page), 1)
    await post(client, 'of another topic')
    await post(client, 'of this topic', { topic: 'release' })
    await expectCount(articles(page), 2)
    expect(new URL(page.url()).hash).toBe('#topic=release')
    await page.getByRole('button', { name: 'Show all' }).click()
    await filter(page, 'sender', 'bob')
    await expectCount(articles(page), 1)
    await filter(page, 'sender', '')
    await messagesOf(page).getByRole('checkbox', { name: 'flagged' }).check()
    await expectText(articles(page), 'look here')
    await messagesOf(page).getByRole('checkbox', { name: 'flagged' }).uncheck()
    await filter(page, 'search', 'deploy feed*')
    await expectText(articles(page), 'deploy the feeds')
    await filter(page, 'search', 'an "open quote')
    await expectText(messagesOf(page).getByRole('alert'), 'every quote closed')
    await filter(page, 'search', 'no such words')
    await expectText(messagesOf(page), 'No message fits.')
  })

  it('opens at a message that the address names, and reads on into the past', async () => {
    const many = async (bus: BusClient) => {
      await Promise.all(Array.from({ length: 250 }, (_, index) => post(bus, `message ${index + 1}.`)))
    }
    const { page } = await start(many, '#message=230')
    await expectText(articles(page).first(), '#230')
    expect(await articles(page).first().getAttribute('class')).toContain('meant')
    await messagesOf(page)
      .getByRole('log')
      .evaluate((element) => element.scrollTo(0, element.scrollHeight))
    await expect.poll(() => articles(page).count(), { timeout: 10_000 }).toBeGreaterThan(150)
    for (let tries = 0; tries < 20 && (await articles(page).count()) < 230; tries += 1) {
      await messagesOf(page)
        .getByRole('log')
        .evaluate((element) => element.scrollTo(0, element.scrollHeight))
      await page.waitForTimeout(100)
    }
    await expectCount(articles(page), 230)
    await expectText(articles(page).last(), '#1')
  })

  it('shows a thread by itself, and a reply joins it', async () => {
    const { page, client } = await start(async (bus) => {
      const { id } = await post(bus, 'Who has the parser?')
      await post(bus, 'aside')
      await post(bus, 'I do.', { sender: 'bob', thread_id: id })
    })
    await messageWith(page, 'I do.').getByRole('link', { name: '↳ #1' }).click()
    await expectText(page.getByRole('heading', { name: 'Thread of #1' }), 'Thread of #1')
    await expectCount(articles(page), 2)
    await messageWith(page, 'I do.').getByRole('button', { name: 'Reply to #3' }).click()
    await page.getByRole('textbox', { name: 'Message' }).fill('Until when?')
    await page.getByRole('button', { name: 'Post', exact: true }).click()
    await expectCount(articles(page), 3)
    expect(await client.messages.get({ id: 4 })).toMatchObject({
      ...{ sender: 'operator', recipient: 'bob', topic: 'converge', thread_id: 1, body: 'Until when?' },
    })
  })

  it('posts as the operator, under the name that they gave, also with a flag', async () => {
    const { page, client } = await start()
    await page.getByText('writes open').click()
    await page.getByLabel('Your name on the bus').fill('the night watch')
    await page.keyboard.press('Enter')
    await page.getByText('writes open').click()
    await page.getByRole('button', { name: 'Post a message…' }).click()
    await page.getByLabel('Topic', { exact: true }).fill('converge')
    await page.getByRole('textbox', { name: 'Message' }).fill('Stop all deploys.')
    await page.getByRole('checkbox', { name: 'somebody must act' }).check()
    await page.getByRole('button', { name: 'Post', exact: true }).click()
    await expectText(messageWith(page, 'Stop all deploys.'), 'the night watch')
    expect(await client.messages.get({ id: 1 })).toMatchObject({ sender: 'the night watch', action_flag: true })
    await page.reload()
    await page.getByText('writes open').click()
    expect(await page.getByLabel('Your name on the bus').inputValue()).toBe('the night watch')
  })

  it('keeps what was typed, whatever the form is opened for next, and posts with Ctrl+Enter', async () => {
    const { page, client } = await start((bus) => post(bus, 'first'))
    await page.getByRole('button', { name: 'Post a message…' }).click()
    await page.getByRole('textbox', { name: 'Message' }).fill('half a thought')
    await page.keyboard.press('Escape')
    await messageWith(page, 'first').getByRole('button', { name: 'Reply to #1' }).click()
    expect(await page.getByRole('textbox', { name: 'Message' }).inputValue()).toBe('half a thought')
    await page.getByRole('textbox', { name: 'Message' }).press('Control+Enter')
    await expectText(messageWith(page, 'half a thought'), 'operator')
    expect(await client.messages.get({ id: 2 })).toMatchObject({ thread_id: 1 })
    await page.getByRole('button', { name: 'Post a message…' }).click()
    expect(await page.getByRole('textbox', { name: 'Message' }).inputValue()).toBe('')
  })

  it('shows who acknowledged a flag, as soon as they do', async () => {
    const { page, client } = await start((bus) => post(bus, 'look', { action_flag: true }))
    await messageWith(page, 'look').getByRole('button', { name: 'Acknowledge #1' }).waitFor()
    await client.messages.ack({ id: 1, sender: 'bob' })
    await expectText(messageWith(page, 'look'), 'acknowledged by bob at')
    await expectCount(messageWith(page, 'look').getByRole('button', { name: /Acknowledge/ }), 0)
  })

  it('shows a long body in part until all of it is asked for', async () => {
    const { page } = await start((bus) => post(bus, `begin ${'line\n'.repeat(60)}end`))
    const height = () =>
      messageWith(page, 'begin')
        .locator('.body')
        .evaluate((body) => body.clientHeight)
    await messageWith(page, 'begin').getByRole('button', { name: 'Show all' }).waitFor()
    expect(await height()).toBeLessThan(300)
    await messageWith(page, 'begin').getByRole('button', { name: 'Show all' }).click()
    expect(await height()).toBeGreaterThan(600)
  })
})
