import { describe, expect, it } from 'vitest'
import { refusalOf } from '../../../test/support/refusal.ts'
import { startStillBus } from '../../../test/support/still-bus.ts'

/** Messages 1 to 7; the odd ones are ann's. */
async function startFilled() {
  const { messages } = await startStillBus()
  for (let id = 1; id <= 7; id += 1) {
    await messages.post({ topic: 'converge', sender: id % 2 === 1 ? 'ann' : 'bob', body: `step ${id}` })
  }
  return messages
}

type Read = Awaited<ReturnType<typeof startFilled>>['read']

/** All that there is from a page back to the beginning, page by page. */
async function readBack(read: Read, input: Parameters<Read>[0], before_id?: number): Promise<number[]> {
  const { messages } = await read({ ...input, before_id })
  const ids = messages.map(({ id }) => id)
  const last = ids.at(-1)
  return last === undefined ? [] : [...ids, ...(await readBack(read, input, last))]
}

describe('messages.read with before_id', () => {
  it('goes back page by page to the beginning, newest first, each message once, whatever the size of the page', async () => {
    const { read } = await startFilled()
    for (const limit of [1, 2, 3, 6, 7, 8]) expect(await readBack(read, { limit })).toEqual([7, 6, 5, 4, 3, 2, 1])
  })

  it('goes with every other filter, and with a search', async () => {
    const { read } = await startFilled()
    expect(await readBack(read, { limit: 2, sender: 'ann' })).toEqual([7, 5, 3, 1])
    expect(await readBack(read, { limit: 2, search: 'step' })).toEqual([7, 6, 5, 4, 3, 2, 1])
    expect(await readBack(read, { limit: 1, search: 'step', sender: 'bob' })).toEqual([6, 4, 2])
  })

  it('shows what is before the id and not the message itself, nor what came meanwhile, and tells the head', async () => {
    const { read, post } = await startFilled()
    await post({ topic: 'converge', sender: 'cid', body: 'new' })
    const page = await read({ before_id: 4, limit: 2 })
    expect(page).toMatchObject({ messages: [{ id: 3 }, { id: 2 }], next_since_id: 8, head_id: 8 })
  })

  it('is empty before the first message, and shows the newest when the id is beyond the head', async () => {
    const { read } = await startFilled()
    expect((await read({ before_id: 1 })).messages).toEqual([])
    expect((await read({ before_id: 1_000, limit: 1 })).messages).toMatchObject([{ id: 7 }])
  })

  it.each([
    [{ since_id: 1 }, 'before_id does not go with since_id: one goes back, the other on'],
    [{ wait_s: 1 }, 'before_id does not go with wait_s: nothing older than it will ever come'],
  ])('is refused with %j, and says why', async (other, text) => {
    const { read } = await startFilled()
    expect(await refusalOf(read({ before_id: 4, ...other }))).toMatchObject({
      status: 422,
      code: 'invalid_request',
      text,
      body: { errors: [{ path: 'before_id', message: text }] },
    })
  })
})
