import { describe, expect, it } from 'vitest'
import { startTestBus } from '../../../test/support/bus.ts'
import { openTestDatabase } from '../../../test/support/database.ts'
import { BusApiError, type BusClient } from '../../client/index.ts'
import { invoke } from '../../core/capability.ts'
import type { RequestInfo, Write } from '../../core/context.ts'
import { createWaits } from '../../core/waits.ts'
import { createLog } from '../../telemetry/log.ts'
import { log } from '../log/index.ts'
import { lanes } from './index.ts'
import { countWaiters } from './queue-store.ts'
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

type Lanes = Awaited<ReturnType<typeof openLanes>>

/** The operations without a way in, so that a test can do something between an operation and its write. */
async function openLanes() {
  const database = await openTestDatabase({ path: ':memory:', migrations: [...log.migrations, ...lanes.migrations] })
  const call = async (id: string, input: object, request: RequestInfo, granted: () => Promise<unknown>) => {
    const bound = lanes.operations.find(({ operation }) => operation.id === id)
    if (!bound) throw new Error(`lanes has no operation ${id}`)
    const write: Write = async (body) => {
      const answer = await database.write(body)
      await granted()
      return answer
    }
    const bus = {
      database,
      createWrite: () => write,
      settings: { minLeaseMs: 1_000, maxLeaseMs: 60_000, writeSecretRequired: false, version: '0.0.0' },
      log: createLog(() => {}),
      waits: createWaits(10, new AbortController().signal),
    }
    return invoke(bound, { lane, ...input }, bus, request)
  }
  const present = { requestId: 'request-1', signal: new AbortController().signal }
  const claimOf = (input: object, request: RequestInfo = present, granted = async () => {}) =>
    call('lanes.claim', input, request, granted)
  return { database, claimOf, release: (input: object) => call('lanes.release', input, present, async () => {}) }
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
    const { database, claimOf } = await openLanes()
    const gone = { requestId: 'request-1', signal: AbortSignal.abort() }
    await expect(claimOf({ owner: 'ann', wait_s: 5 }, gone)).rejects.toMatchObject({ code: 'request_cancelled' })
    expect(await database.read((reader) => findLane(reader, lane))).toBeUndefined()
  })
})

describe('a lane that was granted to a waiter which went away meanwhile', () => {
  /** Has ann release the lane for which bob waits, who goes away while it is granted to him; then comes what comes `meanwhile`. */
  async function grantToGone(meanwhile: (claimOf: Lanes['claimOf']) => Promise<unknown>) {
    const gone = new AbortController()
    const { database, claimOf, release } = await openLanes()
    await claimOf({ owner: 'ann' })
    const lost = claimOf(
      { owner: 'bob', session: 'one', wait_s: 20 },
      { requestId: 'lost', signal: gone.signal },
      async () => {
        gone.abort()
        await meanwhile(claimOf)
      },
    )
    const refusal = lost.catch((error: unknown) => error)
    while ((await database.read((reader) => countWaiters(reader, lane, 0))) === 0)
      await new Promise((resolve) => setImmediate(resolve))
    await release({ owner: 'ann' })
    expect(await refusal).toMatchObject({ code: 'request_cancelled' })
    return database.read((reader) => findLane(reader, lane))
  }

  it('is free again', async () => {
    expect(await grantToGone(async () => {})).toMatchObject({ fence: 2, rev: 4, tenure: undefined })
  })

  it('stays with the same holder when it has claimed it again, and was told yes', async () => {
    let told: unknown
    const kept = await grantToGone(async (claimOf) => {
      told = await claimOf({ owner: 'bob', session: 'one' })
    })
    expect(told).toMatchObject({ decision: 'renew', lane: { fence: 2, rev: 4 } })
    expect(kept).toMatchObject({ fence: 2, rev: 4, tenure: { owner: 'bob' } })
  })
})
