import { describe, expect, it } from 'vitest'
import { createFakeClock, startTestBus } from '../../../test/support/bus.ts'

const lane = 'feeds'

/** A lane that `bob` has just stolen from `ann`. */
async function startStolen() {
  const clock = createFakeClock()
  const { client } = await startTestBus({ createClock: () => clock.now })
  await client.lanes.claim({ lane, owner: 'ann', lease_s: 10 })
  clock.advance(10_000)
  const stolen = await client.lanes.claim({ lane, owner: 'bob', lease_s: 60 })
  return { client, stolen }
}

describe('a steal', () => {
  it('is told to the robbed on the blackboard, by the bus itself', async () => {
    const { client, stolen } = await startStolen()
    const { messages } = await client.messages.read({ recipient: 'ann' })
    expect(messages).toEqual([
      {
        id: 1,
        topic: 'lane:feeds',
        sender: 'bus',
        body: `lane 'feeds' was taken over by 'bob' at ${stolen.lane.claimed_at}, for your lease had lapsed; your tenure 1 is over`,
        action_flag: false,
        ts: stolen.lane.claimed_at,
        recipient: 'ann',
        system: true,
      },
    ])
  })

  it('is told by the next heartbeat of the robbed: who took the lane, and when', async () => {
    const { client, stolen } = await startStolen()
    const beat = client.lanes.heartbeat({ lane, owner: 'ann' })
    const since = stolen.lane.claimed_at
    await expect(beat).rejects.toThrow(
      `lane 'feeds' not held live by 'ann' -- claim it instead ('bob' took it over at ${since}; held by 'bob' (lease 60s remaining))`,
    )
  })

  it('is told once, and nothing is said of claims, renewals and releases', async () => {
    const { client } = await startStolen()
    await client.lanes.claim({ lane, owner: 'bob' })
    await client.lanes.release({ lane, owner: 'bob' })
    await client.lanes.claim({ lane, owner: 'ann' })
    expect((await client.messages.read({})).head_id).toBe(1)
  })
})

describe('a message', () => {
  it('is never of the system when a caller posts it, whatever the caller says', async () => {
    const { apiUrl, client } = await startTestBus()
    await fetch(`${apiUrl}/message`, {
      method: 'POST',
      headers: { 'content-type': 'application/json' },
      body: JSON.stringify({ topic: 't', sender: 'bus', body: 'b', system: true, is_system: 1 }),
    })
    const [message] = (await client.messages.read({})).messages
    expect(message).toMatchObject({ sender: 'bus', body: 'b' })
    expect(message).not.toHaveProperty('system')
  })

  it('is found by its recipient and by its thread', async () => {
    const { client } = await startTestBus()
    const post = { topic: 'converge', sender: 'ann', body: 'hello' }
    const root = await client.messages.post({ ...post, recipient: 'bob' })
    await client.messages.post(post)
    const answer = await client.messages.post({ ...post, sender: 'bob', recipient: 'ann', thread_id: root.id })
    expect(answer).toMatchObject({ recipient: 'ann', thread_id: root.id })
    const idsOf = async (filter: { recipient?: string; thread_id?: number }) =>
      (await client.messages.read({ ...filter, since_id: 0 })).messages.map(({ id }) => id)
    expect(await idsOf({ recipient: 'bob' })).toEqual([1])
    expect(await idsOf({ thread_id: root.id })).toEqual([1, 3])
    expect(await idsOf({ recipient: 'cid' })).toEqual([])
  })
})
