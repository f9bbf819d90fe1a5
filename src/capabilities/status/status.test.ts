import { join } from 'node:path'
import { describe, expect, it } from 'vitest'
import { createTempFolder, startTestBus } from '../../../test/support/bus.ts'
import { NOON, startStillBus } from '../../../test/support/still-bus.ts'
import { VERSION } from '../../config.ts'

describe('status.get', () => {
  it('is empty, and says what the bus is, before anybody has done anything', async () => {
    const { status, messages } = await startStillBus({ maxLeaseSeconds: 60.5 })
    const { epoch } = await messages.read({})
    expect(await status.get({})).toEqual({
      active_lanes: [],
      orphaned_claims: [],
      recent_messages: [],
      pending_action_flags: [],
      _meta: {
        active_lane_count: 0,
        orphaned_claim_count: 0,
        message_count: 0,
        pending_action_flag_count: 0,
        waiting_count: 0,
        contended_lane_count: 0,
        silent_lane_count: 0,
        needs_you_count: 0,
        max_lease_seconds: 60.5,
        write_secret_required: false,
        epoch,
        server_time: NOON,
        version: VERSION,
        arms_nothing: true,
      },
    })
  })

  it('shows live lanes as active and expired ones as orphaned, the one that ends or ended first at the top', async () => {
    const { status, lanes, clock } = await startStillBus()
    for (const [lane, lease_s] of Object.entries({ late: 300, early: 100, older: 20, old: 30, even: 100 })) {
      await lanes.claim({ lane, owner: 'ann', lease_s })
    }
    await lanes.claim({ lane: 'free', owner: 'ann' })
    await lanes.release({ lane: 'free', owner: 'ann' })
    clock.advance(30_000)

    const { active_lanes, orphaned_claims, _meta } = await status.get({})
    expect(active_lanes).toMatchObject([
      { name: 'early', state: 'held', expires_in_ms: 70_000 },
      { name: 'even', state: 'held', expires_in_ms: 70_000 },
      { name: 'late', state: 'held', expires_in_ms: 270_000 },
    ])
    expect(orphaned_claims).toMatchObject([
      { name: 'older', state: 'orphaned', owner: 'ann', expires_in_ms: 0 },
      { name: 'old', state: 'orphaned', owner: 'ann', expires_in_ms: 0 },
    ])
    expect(_meta).toMatchObject({ active_lane_count: 3, orphaned_claim_count: 2 })
  })

  it('no longer shows as orphaned what was taken over or cleared', async () => {
    const { status, lanes, clock } = await startStillBus()
    for (const lane of ['taken', 'cleared']) await lanes.claim({ lane, owner: 'ann', lease_s: 10 })
    clock.advance(10_000)
    expect((await status.get({})).orphaned_claims).toHaveLength(2)
    await lanes.claim({ lane: 'taken', owner: 'bob' })
    await lanes.release({ lane: 'cleared', owner: 'bob' })
    expect(await status.get({})).toMatchObject({
      active_lanes: [{ name: 'taken', owner: 'bob' }],
      orphaned_claims: [],
      _meta: { active_lane_count: 1, orphaned_claim_count: 0 },
    })
  })

  it('shows lanes as lanes.get does', async () => {
    const { status, lanes } = await startStillBus()
    const { lane } = await lanes.claim({ lane: 'feeds', owner: 'ann', note: 'reading' })
    expect((await status.get({})).active_lanes).toEqual([lane])
  })

  it('shows the newest 10 messages, newest first, and counts all of them', async () => {
    const { status, messages } = await startStillBus()
    for (let id = 1; id <= 11; id += 1) await messages.post({ topic: 't', sender: 'ann', body: String(id) })
    const { recent_messages, _meta } = await status.get({})
    expect(recent_messages.map(({ id }) => id)).toEqual([11, 10, 9, 8, 7, 6, 5, 4, 3, 2])
    expect(recent_messages[0]).toEqual(await messages.get({ id: 11 }))
    expect(_meta).toMatchObject({ message_count: 11, pending_action_flag_count: 0 })
  })

  it('shows flagged messages that nobody has acknowledged, the one that waits longest at the top', async () => {
    const { status, messages } = await startStillBus()
    for (let id = 1; id <= 4; id += 1) {
      await messages.post({ topic: 't', sender: 'ann', body: String(id), action_flag: id !== 2 })
    }
    await messages.ack({ id: 3, sender: 'bob' })
    const { pending_action_flags, _meta } = await status.get({})
    expect(pending_action_flags.map(({ id }) => id)).toEqual([1, 4])
    expect(_meta).toMatchObject({ message_count: 4, pending_action_flag_count: 2 })
  })

  it('lists at most 100 of a kind, and counts the others, too', async () => {
    const { status, lanes, messages, clock } = await startStillBus()
    const numbers = Array.from({ length: 101 }, (_, index) => index)
    await Promise.all(numbers.map((n) => lanes.claim({ lane: `short-${n}`, owner: 'ann', lease_s: 1 + n })))
    await Promise.all(
      numbers.map((n) => messages.post({ topic: 't', sender: 'ann', body: String(n), action_flag: true })),
    )
    clock.advance(101_000)
    await Promise.all(numbers.map((n) => lanes.claim({ lane: `long-${n}`, owner: 'ann', lease_s: 600 + n })))

    const { active_lanes, orphaned_claims, pending_action_flags, _meta } = await status.get({})
    expect(active_lanes.map(({ name }) => name)).toEqual(numbers.slice(0, 100).map((n) => `long-${n}`))
    expect(orphaned_claims.map(({ name }) => name)).toEqual(numbers.slice(0, 100).map((n) => `short-${n}`))
    expect(pending_action_flags.map(({ id }) => id)).toEqual(numbers.slice(0, 100).map((n) => n + 1))
    expect(_meta).toMatchObject({
      active_lane_count: 101,
      orphaned_claim_count: 101,
      pending_action_flag_count: 101,
      message_count: 101,
    })
  })

  it('says that writes need the secret when the bus is armed, and shows the secret to nobody', async () => {
    const { status } = await startStillBus({ writeSecret: 'open sesame' })
    const answer = await status.get({})
    expect(answer._meta.write_secret_required).toBe(true)
    expect(JSON.stringify(answer)).not.toContain('sesame')
  })

  it('keeps what it shows, and its epoch, over a restart', async () => {
    const databasePlace = join(createTempFolder(), 'bus.db')
    const first = await startTestBus({ databasePlace })
    await first.client.lanes.claim({ lane: 'feeds', owner: 'ann' })
    await first.client.messages.post({ topic: 't', sender: 'ann', body: 'hello', action_flag: true })
    const before = await first.client.status.get({})
    await first.close()

    const { client } = await startTestBus({ databasePlace })
    const { active_lanes, pending_action_flags, _meta } = await client.status.get({})
    expect(active_lanes).toMatchObject([{ name: 'feeds', owner: 'ann', fence: 1 }])
    expect(pending_action_flags).toEqual(before.pending_action_flags)
    expect(_meta).toMatchObject({ message_count: 1, epoch: before._meta.epoch })
  })
})
