import { describe, expect, it } from 'vitest'
import { refusalOf } from '../../../test/support/refusal.ts'
import { startStillBus } from '../../../test/support/still-bus.ts'

const BODIES = [
  'The deploy of feeds-refactor waits for step 3.',
  'Step 3 is done, deploy away!',
  'DEPLOYED: Ünïcode is fine',
  'nothing of the kind',
]

async function startFilled() {
  const { messages } = await startStillBus()
  for (const body of BODIES) await messages.post({ topic: 'converge', sender: 'ann', body })
  return messages
}

describe('messages.read with search', () => {
  it.each([
    ['deploy', [2, 1]],
    ['DEPLOY step', [2, 1]],
    ['deploy*', [3, 2, 1]],
    ['"deploy away"', [2]],
    ['"step 3 is"', [2]],
    ['feeds-refactor', [1]],
    ['unicode', [3]],
    ['absent', []],
    // What would be operators of the engine are words here.
    ['deploy OR nothing', []],
    ['words:deploy', []],
    ['step NEAR(3)', []],
    ['-deploy', [2, 1]],
    ["'; drop table messages; --", []],
  ])('finds for %s the newest first', async (search, ids) => {
    const { read } = await startFilled()
    expect((await read({ search })).messages.map(({ id }) => id)).toEqual(ids)
  })

  it('goes with every other filter, with a cursor and with a limit', async () => {
    const { read, post } = await startFilled()
    await post({ topic: 'other', sender: 'bob', body: 'deploy', action_flag: true })
    const ids = async (filter: object) => (await read({ search: 'deploy', ...filter })).messages.map(({ id }) => id)
    expect(await ids({ topic: 'other' })).toEqual([5])
    expect(await ids({ sender: 'ann' })).toEqual([2, 1])
    expect(await ids({ flagged: true })).toEqual([5])
    expect(await ids({ since_id: 1 })).toEqual([2, 5])
    expect(await ids({ limit: 1 })).toEqual([5])
    expect(await read({ search: 'deploy', since_id: 0, limit: 1 })).toMatchObject({ next_since_id: 1, head_id: 5 })
    expect(await read({ search: 'deploy', since_id: 5 })).toMatchObject({ messages: [], next_since_id: 5 })
  })

  it('finds what was posted a moment ago, however much that is', async () => {
    const { read, post } = await startFilled()
    await Promise.all(
      Array.from({ length: 450 }, (_, index) => post({ topic: 't', sender: 'ann', body: `number ${index} of many` })),
    )
    expect((await read({ search: 'many', limit: 500 })).messages).toHaveLength(450)
    expect((await read({ search: '"number 449"' })).messages).toHaveLength(1)
  })

  it('waits for a message that fits', async () => {
    const { read, post } = await startFilled()
    const waiting = read({ search: 'finally', since_id: 0, wait_s: 20 })
    await post({ topic: 'converge', sender: 'bob', body: 'not yet' })
    await post({ topic: 'converge', sender: 'bob', body: 'finally' })
    expect((await waiting).messages).toMatchObject([{ id: 6 }])
  })

  it.each(['"open', '!!!', '*', 'x'.repeat(201)])('refuses %s in words', async (search) => {
    const { read } = await startFilled()
    expect(await refusalOf(read({ search }))).toMatchObject({
      status: 422,
      text: expect.stringMatching(/^search must/),
    })
  })
})
