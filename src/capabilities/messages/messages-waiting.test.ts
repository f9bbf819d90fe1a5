import { describe, expect, it } from 'vitest'
import { startTestBus } from '../../../test/support/bus.ts'

const hello = { topic: 'converge', sender: 'ann', body: 'hello' }

/** Lets what was just asked for reach the bus. */
const settle = () => new Promise((resolve) => setTimeout(resolve, 50))

describe('messages.read with wait_s', () => {
  it('answers at once when a message fits', async () => {
    const { client } = await startTestBus()
    await client.messages.post(hello)
    expect((await client.messages.read({ since_id: 0, wait_s: 20 })).messages).toHaveLength(1)
  })

  it('answers as soon as one fits, and sleeps through those that do not', async () => {
    const { client } = await startTestBus()
    const waiting = client.messages.read({ since_id: 0, topic: 'converge', wait_s: 20 })
    await settle()
    await client.messages.post({ ...hello, topic: 'other' })
    await client.messages.post(hello)
    expect(await waiting).toMatchObject({ messages: [{ id: 2, topic: 'converge' }], next_since_id: 2 })
  })

  it('answers with an empty list, and a cursor past what did not fit, when the wait is over', async () => {
    const { client } = await startTestBus()
    await client.messages.post({ ...hello, topic: 'other' })
    const page = await client.messages.read({ since_id: 0, topic: 'converge', wait_s: 0.05 })
    expect(page).toMatchObject({ messages: [], next_since_id: 1, head_id: 1 })
  })

  it('wakes 20 readers with one message', async () => {
    const { client } = await startTestBus()
    const waiting = Array.from({ length: 20 }, () => client.messages.read({ since_id: 0, wait_s: 20 }))
    await settle()
    await client.messages.post(hello)
    for (const { messages } of await Promise.all(waiting)) expect(messages).toHaveLength(1)
  })

  it('refuses a wait that is longer than clients wait', async () => {
    const { client } = await startTestBus()
    await expect(client.messages.read({ wait_s: 56 })).rejects.toThrow(
      'wait_s must be a number of seconds from 0 to 55',
    )
  })
})
