import { expect, it } from 'vitest'
import { startTestBus } from '../support/bus.ts'
import { describeInBrowser, startTestBrowser } from '../support/test-browser.ts'
import {
  expectCount,
  expectNumbers,
  expectText,
  laneRow,
  lanesOf,
  messagesOf,
  messageWith,
  untilLive,
} from './panel-page.ts'

const open = startTestBrowser()
const LANES = 1_000
const MESSAGES = 5_000
/** So many at once, as many agents would. */
const AT_ONCE = 200

async function inBatches(count: number, run: (index: number) => Promise<unknown>): Promise<void> {
  for (let index = 0; index < count; index += AT_ONCE) {
    await Promise.all(Array.from({ length: Math.min(AT_ONCE, count - index) }, (_, offset) => run(index + offset)))
  }
}

describeInBrowser('the panel of a large bus', () => {
  it('shows a thousand lanes and the end of a long log, and keeps no more on the page than is looked at', {
    timeout: 120_000,
  }, async () => {
    const { origin, client } = await startTestBus()
    await inBatches(LANES, (index) =>
      client.lanes.claim({
        lane: `lane-${String(index).padStart(4, '0')}`,
        owner: `agent-${index % 40}`,
        lease_s: 3_600,
      }),
    )
    await inBatches(MESSAGES, (index) =>
      client.messages.post({ topic: `topic-${index % 7}`, sender: `agent-${index % 40}`, body: `message ${index}` }),
    )
    const { page } = await open(origin)
    await untilLive(page)
    await expectNumbers(page, [LANES, 0, 0, 0])
    await expectText(laneRow(page, 'lane-0000'), 'agent-0')
    const rows = lanesOf(page).getByRole('listitem')
    expect(await rows.count()).toBeLessThan(LANES / 2)
    expect(await messagesOf(page).getByRole('article').count()).toBeLessThanOrEqual(300)

    await page.getByRole('searchbox', { name: /only lanes/ }).fill('lane-0999')
    await expectCount(rows, 1)
    await client.lanes.release({ lane: 'lane-0999', owner: 'agent-39' })
    await expectCount(rows, 0)
    await client.messages.post({ topic: 'topic-1', sender: 'ann', body: 'the newest of all' })
    await expectText(messageWith(page, 'the newest of all'), 'ann')
  })
})
