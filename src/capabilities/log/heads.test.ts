import { describe, expect, it, onTestFinished } from 'vitest'
import { openDirectBus } from '../../../test/correctness/direct-bus.ts'
import type { Transaction } from '../../core/database.ts'
import { appendEvent, appendMessage } from './append.ts'
import { heads } from './heads.ts'

const MESSAGE: Parameters<typeof appendMessage>[1] = {
  ...{ topic: 't', sender: 'ann', body: 'x', action_flag: 0, is_system: 0 },
  ...{ recipient: null, thread_id: null, lane: null, fence: null },
}

async function start() {
  const bus = await openDirectBus({ path: ':memory:', minLeaseMs: 10, maxLeaseMs: 60_000 })
  onTestFinished(bus.close)
  const write = (body: (transaction: Transaction) => Promise<unknown>) => bus.context.database.write(body)
  const read = async () => [await bus.call('messages.read', {}), await bus.call('events.read', { since_id: 0 })]
  await write((transaction) => appendMessage(transaction, MESSAGE))
  return { write, read }
}

describe('an id that does not follow the last one', () => {
  it.each([
    ['comes again', -1],
    ['leaves a gap', 1],
  ])('is refused before it is appended, and nothing of the write stays: one that %s', async (_, off) => {
    const { write, read } = await start()
    const before = await read()
    const spoiled = (sequence: 'message' | 'event') =>
      write(async (transaction) => {
        await appendMessage(transaction, MESSAGE)
        const { taken } = await heads.recall(transaction)
        taken[sequence] += off
        await appendMessage(transaction, MESSAGE)
      })
    await expect(spoiled('message')).rejects.toMatchObject({ invariant: 'log.message-ids' })
    await expect(spoiled('event')).rejects.toMatchObject({ invariant: 'log.event-ids' })
    const alone = write(async (transaction) => {
      const { taken } = await heads.recall(transaction)
      taken.event += off
      await appendEvent(transaction, 'lane', 'feeds', 1, await transaction.now())
    })
    await expect(alone).rejects.toMatchObject({ invariant: 'log.event-ids' })
    expect(await read()).toMatchObject(before)
  })

  it('spoils nothing for the writes after it', async () => {
    const { write } = await start()
    await write(async (transaction) => {
      const { taken } = await heads.recall(transaction)
      taken.message += 7
      await appendMessage(transaction, MESSAGE)
    }).catch(() => {})
    expect(await write((transaction) => appendMessage(transaction, MESSAGE))).toMatchObject({ id: 2 })
  })
})
