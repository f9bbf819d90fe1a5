import { describe, expect, it } from 'vitest'
import { createFakeClock, startTestBus } from '../../../test/support/bus.ts'

const first = { owner: 'planner', session: 'first-handle' }
const second = { owner: 'planner', session: 'second-handle' }
const lane = 'feeds'

async function startTwins() {
  const clock = createFakeClock()
  const { client } = await startTestBus({ createClock: () => clock.now })
  await client.lanes.claim({ ...first, lane, lease_s: 120 })
  return { client, lanes: client.lanes, clock }
}

describe('a refusal because of another session of the same owner', () => {
  const held = "held by 'planner' in another session (lease 120s remaining)"

  it('says so, whatever was asked for, and never which session', async () => {
    const { lanes } = await startTwins()
    await expect(lanes.claim({ ...second, lane })).rejects.toThrow(`lane 'feeds' ${held}`)
    await expect(lanes.claimAll({ ...second, lanes: [lane] })).rejects.toThrow(`none was claimed: lane 'feeds' ${held}`)
    await expect(lanes.release({ ...second, lane })).rejects.toThrow(`lane 'feeds' ${held}`)
    const heartbeat = lanes.heartbeat({ ...second, lane })
    await expect(heartbeat).rejects.toThrow(`lane 'feeds' not held live by 'planner' -- claim it instead (${held})`)
    const refusal: unknown = await heartbeat.catch((error: unknown) => error)
    expect(JSON.stringify(refusal)).not.toContain('-handle')
  })

  it('is also told to one without a session', async () => {
    const { lanes } = await startTwins()
    await expect(lanes.claim({ lane, owner: 'planner' })).rejects.toThrow(`lane 'feeds' ${held}`)
  })

  it('is told to the robbed: on the blackboard, by the next heartbeat, and to one with an older fence', async () => {
    const { lanes, client, clock } = await startTwins()
    clock.advance(120_000)
    await lanes.claim({ ...second, lane, lease_s: 120 })
    const [message] = (await client.messages.read({ recipient: 'planner' })).messages
    expect(message?.body).toMatch(/^lane 'feeds' was taken over by 'planner' in another session at /)
    const robbed = /\('planner' in another session took it over at \S+; held by 'planner' in another session \(/
    await expect(lanes.heartbeat({ ...first, lane })).rejects.toThrow(robbed)
    await expect(lanes.heartbeat({ ...first, lane, fence: 1 })).rejects.toThrow(`tenure 1 is over -- ${held}`)
  })

  it('tells a wait of two sessions for each other', async () => {
    const { lanes } = await startTwins()
    await lanes.claim({ ...second, lane: 'other' })
    const waiting = lanes.claim({ ...first, lane: 'other', wait_s: 10 })
    while ((await lanes.get({ lane: 'other' })).lane.waiters === 0) await new Promise((done) => setTimeout(done, 10))
    await expect(lanes.claim({ ...second, lane, wait_s: 10 })).rejects.toThrow(
      "'planner' waits for 'feeds' held by 'planner' in another session, ",
    )
    await lanes.release({ ...second, lane: 'other' })
    expect(await waiting).toMatchObject({ ok: true })
  })

  it('is not what another owner is told, nor an older tenure of the same session', async () => {
    const { lanes } = await startTwins()
    await expect(lanes.claim({ lane, owner: 'other', session: 'first-handle' })).rejects.toThrow(
      /^lane 'feeds' held by 'planner' \(lease 120s remaining\)$/,
    )
    await expect(lanes.heartbeat({ ...first, lane, fence: 9 })).rejects.toThrow(
      /-- held by 'planner' \(lease 120s remaining\)$/,
    )
  })
})
