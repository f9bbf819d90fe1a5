import { describe, expect, it } from 'vitest'
import { startTestBus } from '../../../test/support/bus.ts'
import { openTestDatabase } from '../../../test/support/database.ts'
import { BusApiError, type BusClient } from '../../client/index.ts'
import { invoke } from '../../core/capability.ts'
import type { Write } from '../../core/context.ts'
import { createWaits } from '../../core/waits.ts'
import { createLog } from '../../telemetry/log.ts'
import { lanes } from './index.ts'
import { findLane } from './store.ts'

const lane = 'feeds'

/** Waits until so many wait for the lane. */
async function untilWaiting(client: BusClient, waiters: number) {
  while ((await client.lanes.get({ lane })).lane.waiters !== waiters)
    await new Promise((resolve) => setImmediate(resolve))
}

async function refusalOf(call: Promise<unknown>): Promise<BusApiError> {
  const error = await call.catch((reason: unknown) => reason)
  if (error instanceof BusApiError) return error
  throw new Error(`it was not refused: ${JSON.stringify(error)}`)
}

describe('lanes.claim with wait_s', () => {
  it('gets a free lane at once', async () => {
    const { client } = await startTestBus()
    expect(await client.lanes.claim({ lane, owner: 'ann', wait_s: 5 })).toMatchObject({ decision: 'claim' })
  })

  it('gets the lane when its holder releases it', async () => {
    const { client } = await startTestBus()
    await client.lanes.claim({ lane, owner: 'ann' })
    const waiting = client.lanes.claim({ lane, owner: 'bob', wait_s: 20 })
    await untilWaiting(client, 1)
    await client.lanes.release({ lane, owner: 'ann' })
    expect(await waiting).toMatchObject({ decision: 'claim', lane: { owner: 'bob', fence: 2, waiters: 0 } })
  })

  it('gets the lane when the lease of its holder runs out', async () => {
    const { client } = await startTestBus({ minLeaseMs: 1 })
    await client.lanes.claim({ lane, owner: 'ann', lease_s: 0.3 })
    const stolen = await client.lanes.claim({ lane, owner: 'bob', wait_s: 20 })
    expect(stolen).toMatchObject({ decision: 'steal', stolen_from: 'ann' })
  })

  it('serves those who wait in the order in which they came, and lets nobody pass', async () => {
    const { client } = await startTestBus()
    await client.lanes.claim({ lane, owner: 'agent-0' })
    const order: string[] = []
    const waits: Promise<void>[] = []
    for (let index = 1; index <= 20; index++) {
      const owner = `agent-${index}`
      const turn = async () => {
        const { lane: held } = await client.lanes.claim({ lane, owner, wait_s: 30 })
        order.push(owner)
        // One that just comes along finds the lane held or promised, never free.
        expect((await refusalOf(client.lanes.claim({ lane, owner: 'passer-by' }))).statusCode).toBe(409)
        await client.lanes.release({ lane, owner, fence: held.fence })
      }
      waits.push(turn())
      await untilWaiting(client, index)
    }
    await client.lanes.release({ lane, owner: 'agent-0' })
    await Promise.all(waits)
    expect(order).toEqual(Array.from({ length: 20 }, (_, index) => `agent-${index + 1}`))
  })

  it('fails with lane_held, its place and its ticket when the wait is over, and keeps the place for a while', async () => {
    const { client } = await startTestBus()
    await client.lanes.claim({ lane, owner: 'ann' })
    const first = await refusalOf(client.lanes.claim({ lane, owner: 'bob', wait_s: 0.05 }))
    expect(first).toMatchObject({
      statusCode: 409,
      body: { code: 'lane_held', lane: { owner: 'ann' }, position: 1, ticket: 1, ticket_expires_in_ms: 30_000 },
    })
    const later = client.lanes.claim({ lane, owner: 'cid', wait_s: 20 })
    await untilWaiting(client, 1)
    const again = client.lanes.claim({ lane, owner: 'bob', wait_s: 20 })
    await untilWaiting(client, 2)
    await client.lanes.release({ lane, owner: 'ann' })
    expect((await again).lane.owner).toBe('bob')
    await client.lanes.release({ lane, owner: 'bob' })
    expect((await later).lane.owner).toBe('cid')
  })

  it('is told at the end of its wait who holds the lane then, and not who held it when the wait began', async () => {
    const { client } = await startTestBus()
    await client.lanes.claim({ lane, owner: 'ann' })
    const next = client.lanes.claim({ lane, owner: 'bob', wait_s: 20 })
    await untilWaiting(client, 1)
    const refused = refusalOf(client.lanes.claim({ lane, owner: 'cid', wait_s: 1 }))
    await untilWaiting(client, 2)
    await client.lanes.release({ lane, owner: 'ann' })
    await next
    expect(await refused).toMatchObject({
      message: expect.stringContaining("held by 'bob'"),
      body: { code: 'lane_held', lane: { owner: 'bob', fence: 2 }, position: 1 },
    })
  })

  it('does not keep anybody back for one whose wait is over', async () => {
    const { client } = await startTestBus()
    await client.lanes.claim({ lane, owner: 'ann' })
    await refusalOf(client.lanes.claim({ lane, owner: 'bob', wait_s: 0.05 }))
    await client.lanes.release({ lane, owner: 'ann' })
    expect((await client.lanes.claim({ lane, owner: 'cid' })).decision).toBe('claim')
  })

  it('drops a waiter whose caller went away, and serves the next one', async () => {
    const { client } = await startTestBus()
    await client.lanes.claim({ lane, owner: 'ann' })
    const gone = new AbortController()
    const lost = client.lanes.claim({ lane, owner: 'bob', wait_s: 20 }, { signal: gone.signal }).catch(() => 'gone')
    await untilWaiting(client, 1)
    const next = client.lanes.claim({ lane, owner: 'cid', wait_s: 20 })
    await untilWaiting(client, 2)
    gone.abort()
    expect(await lost).toBe('gone')
    await untilWaiting(client, 1)
    await client.lanes.release({ lane, owner: 'ann' })
    expect((await next).lane).toMatchObject({ owner: 'cid', fence: 2 })
  })

  it('keeps the place of one whose connection broke and that asks again at once', async () => {
    const { client } = await startTestBus()
    await client.lanes.claim({ lane, owner: 'ann' })
    const broken = new AbortController()
    const lost = client.lanes.claim({ lane, owner: 'bob', wait_s: 20 }, { signal: broken.signal }).catch(() => 'lost')
    await untilWaiting(client, 1)
    const later = client.lanes.claim({ lane, owner: 'cid', wait_s: 20 })
    await untilWaiting(client, 2)
    broken.abort()
    const again = await refusalOf(client.lanes.claim({ lane, owner: 'bob', wait_s: 0.3 }))
    expect(await lost).toBe('lost')
    expect(again.body).toMatchObject({ code: 'lane_held', position: 1, ticket: 1 })
    await client.lanes.release({ lane, owner: 'ann' })
    expect((await later).lane.owner).toBe('cid')
  })

  it('fails with lane_queued when the lane is free and promised to one that waited for it', async () => {
    const { client } = await startTestBus()
    await client.lanes.claim({ lane, owner: 'ann' })
    const waiting = client.lanes.claim({ lane, owner: 'bob', wait_s: 20 })
    await untilWaiting(client, 1)
    // Both in one commit: the release wakes the waiter, and the other is there before it.
    const [, barging] = await Promise.all([
      client.lanes.release({ lane, owner: 'ann' }),
      client.lanes.claim({ lane, owner: 'cid' }).catch((reason: unknown) => reason),
    ])
    expect(barging).toMatchObject({ statusCode: 409, body: { code: expect.stringMatching(/^lane_(queued|held)$/) } })
    expect((await waiting).lane.owner).toBe('bob')
  })

  it('fails with would_deadlock, and names the cycle, when the wait could never end', async () => {
    const { client } = await startTestBus()
    await client.lanes.claim({ lane: 'x', owner: 'ann' })
    await client.lanes.claim({ lane, owner: 'bob' })
    const waiting = client.lanes.claim({ lane, owner: 'ann', wait_s: 20 })
    await untilWaiting(client, 1)
    const refusal = await refusalOf(client.lanes.claim({ lane: 'x', owner: 'bob', wait_s: 20 }))
    expect(refusal.body).toMatchObject({
      code: 'would_deadlock',
      cycle: [
        { owner: 'bob', lane: 'x', held_by: 'ann' },
        { owner: 'ann', lane, held_by: 'bob' },
      ],
    })
    await client.lanes.release({ lane, owner: 'bob' })
    expect((await waiting).lane.owner).toBe('ann')
  })

  it('tells a twin under the same name that it has to wait like anybody else', async () => {
    const { client } = await startTestBus()
    await client.lanes.claim({ lane, owner: 'ann', session: 'one' })
    const waiting = client.lanes.claim({ lane, owner: 'ann', session: 'two', wait_s: 20 })
    await untilWaiting(client, 1)
    await client.lanes.release({ lane, owner: 'ann', session: 'one' })
    expect((await waiting).decision).toBe('claim')
  })

  it('fails with request_cancelled, and grants nothing, when the caller had gone before', async () => {
    const database = await openTestDatabase({ path: ':memory:', migrations: lanes.migrations })
    const [claim] = lanes.operations
    if (!claim) throw new Error('lanes has no operations')
    const bus = {
      database,
      createWrite: (): Write => (body) => database.write(body),
      settings: { minLeaseMs: 1_000, maxLeaseMs: 60_000, writeSecretRequired: false, version: '0.0.0' },
      log: createLog(() => {}),
      waits: createWaits(10, new AbortController().signal),
    }
    const request = { requestId: 'request-1', signal: AbortSignal.abort() }
    await expect(invoke(claim, { lane, owner: 'ann', wait_s: 5 }, bus, request)).rejects.toMatchObject({
      code: 'request_cancelled',
    })
    expect(await database.read((reader) => findLane(reader, lane))).toBeUndefined()
  })
})
