import { once } from 'node:events'
import { describe, expect, it } from 'vitest'
import { startThreeNodes, untilWaiting } from '../support/nodes.ts'
import { startTestPostgres } from '../support/postgres-database.ts'
import { refusalOf } from '../support/refusal.ts'
import { openStream } from '../support/stream-reader.ts'

const postgres = startTestPostgres()
const start = async () => startThreeNodes(await postgres().createDatabase())

const lane = 'feeds'
const hello = { topic: 'converge', sender: 'ann', body: 'hello' }
const key = { idempotencyKey: 'key-1' }

describe('three nodes on one database', () => {
  it('are one bus: the same epoch, and what one acknowledged is read from each', async () => {
    const nodes = await start()
    const [one, two, three] = nodes
    const { lane: held } = await one.client.lanes.claim({ lane, owner: 'ann' })
    const { id } = await two.client.messages.post({ ...hello, lane, fence: held.fence })
    const epochs: string[] = []
    for (const { client } of nodes) {
      expect((await client.lanes.get({ lane })).lane).toMatchObject({ owner: 'ann', fence: 1, rev: held.rev })
      expect((await client.messages.read({})).messages).toMatchObject([{ id, body: 'hello' }])
      epochs.push((await client.events.read({ since_id: 0 })).epoch)
    }
    expect(new Set(epochs).size).toBe(1)
    await three.client.lanes.release({ lane, owner: 'ann', fence: held.fence })
    expect((await one.client.lanes.get({ lane })).lane.state).toBe('free')
  })

  it('grant a lane to one of 21 who claim it at once, seven on each', async () => {
    const nodes = await start()
    const claims = nodes.flatMap(({ client }, node) =>
      Array.from({ length: 7 }, (_, index) => client.lanes.claim({ lane, owner: `agent-${node}-${index}` })),
    )
    const outcomes = await Promise.allSettled(claims)
    expect(outcomes.filter(({ status }) => status === 'fulfilled')).toHaveLength(1)
    for (const outcome of outcomes) {
      if (outcome.status === 'rejected') expect(outcome.reason).toMatchObject({ body: { code: 'lane_held' } })
    }
  })

  it('know the sessions of an owner: a twin is refused on another node, the same session renews there', async () => {
    const [one, two, three] = await start()
    await one.client.lanes.claim({ lane, owner: 'ann', session: 'first' })
    const refused = await refusalOf(two.client.lanes.claim({ lane, owner: 'ann', session: 'second' }))
    expect(refused).toMatchObject({ code: 'lane_held', text: expect.stringContaining('in another session') })
    const renewed = await three.client.lanes.claim({ lane, owner: 'ann', session: 'first' })
    expect(renewed).toMatchObject({ decision: 'renew', lane: { fence: 1 } })
  })
})

describe('refusals on three nodes', () => {
  it('are counted together, and told by each of them', async () => {
    const nodes = await start()
    const [one, two, three] = nodes
    await one.client.lanes.claim({ lane, owner: 'ann' })
    for (const { client } of [one, two, two, three]) await refusalOf(client.lanes.claim({ lane, owner: 'bob' }))
    const count = async () => (await three.client.lanes.history({ lane })).refusals[0]?.count
    while ((await count()) !== 4) await new Promise((done) => setTimeout(done, 20))
    for (const { client } of nodes) {
      const { refusals } = await client.lanes.timeline({})
      expect(refusals).toMatchObject([{ lane, owner: 'bob', code: 'lane_held', fence: 1, held_by: 'ann', count: 4 }])
    }
  })
})

describe('a waiter on one node', () => {
  it('gets the lane that is released on another one', async () => {
    const [one, two] = await start()
    await two.client.lanes.claim({ lane, owner: 'ann' })
    const waiting = one.client.lanes.claim({ lane, owner: 'bob', wait_s: 20 })
    await untilWaiting(two.client, lane, 1)
    await two.client.lanes.release({ lane, owner: 'ann' })
    expect(await waiting).toMatchObject({ decision: 'claim', lane: { owner: 'bob', fence: 2, waiters: 0 } })
  })

  it('is served in the order of arrival among those on all nodes, and nobody passes', async () => {
    const nodes = await start()
    const [first] = nodes
    await first.client.lanes.claim({ lane, owner: 'agent-0' })
    const order: string[] = []
    const waits: Promise<void>[] = []
    for (let index = 1; index <= 12; index += 1) {
      const { client } = nodes[index % 3] ?? first
      const { client: elsewhere } = nodes[(index + 1) % 3] ?? first
      const owner = `agent-${index}`
      const turn = async () => {
        const { lane: held } = await client.lanes.claim({ lane, owner, wait_s: 30 })
        order.push(owner)
        expect((await refusalOf(elsewhere.lanes.claim({ lane, owner: 'passer-by' }))).status).toBe(409)
        await elsewhere.lanes.release({ lane, owner, fence: held.fence })
      }
      waits.push(turn())
      await untilWaiting(first.client, lane, index)
    }
    await first.client.lanes.release({ lane, owner: 'agent-0' })
    await Promise.all(waits)
    expect(order).toEqual(Array.from({ length: 12 }, (_, index) => `agent-${index + 1}`))
  })

  it('keeps its ticket when its connection breaks and it asks again on another one', async () => {
    const [one, two, three] = await start()
    await one.client.lanes.claim({ lane, owner: 'ann' })
    const broken = new AbortController()
    const lost = one.client.lanes
      .claim({ lane, owner: 'bob', wait_s: 20 }, { signal: broken.signal })
      .catch(() => 'lost')
    await untilWaiting(two.client, lane, 1)
    const later = three.client.lanes.claim({ lane, owner: 'cid', wait_s: 20 })
    await untilWaiting(two.client, lane, 2)
    broken.abort()
    expect(await lost).toBe('lost')
    const again = await refusalOf(two.client.lanes.claim({ lane, owner: 'bob', wait_s: 0.3 }))
    expect(again.body).toMatchObject({ code: 'lane_held', position: 1, ticket: 1 })
    await two.client.lanes.release({ lane, owner: 'ann' })
    expect((await later).lane.owner).toBe('cid')
  })

  it('fails with would_deadlock when the others of the cycle wait on other nodes', async () => {
    const [one, two, three] = await start()
    await one.client.lanes.claim({ lane: 'x', owner: 'ann' })
    await two.client.lanes.claim({ lane: 'y', owner: 'bob' })
    await three.client.lanes.claim({ lane: 'z', owner: 'cid' })
    const annWaits = two.client.lanes.claim({ lane: 'y', owner: 'ann', wait_s: 20 })
    await untilWaiting(one.client, 'y', 1)
    const bobWaits = three.client.lanes.claim({ lane: 'z', owner: 'bob', wait_s: 20 })
    await untilWaiting(one.client, 'z', 1)
    const { code, body } = await refusalOf(one.client.lanes.claim({ lane: 'x', owner: 'cid', wait_s: 20 }))
    expect(code).toBe('would_deadlock')
    expect(body.cycle).toEqual([
      { owner: 'cid', lane: 'x', held_by: 'ann' },
      { owner: 'ann', lane: 'y', held_by: 'bob' },
      { owner: 'bob', lane: 'z', held_by: 'cid' },
    ])
    await one.client.lanes.release({ lane: 'z', owner: 'cid' })
    expect((await bobWaits).lane.owner).toBe('bob')
    await one.client.lanes.release({ lane: 'y', owner: 'bob' })
    expect((await annWaits).lane.owner).toBe('ann')
  })
})

describe('a reader on one node', () => {
  it('that waits for messages gets what is posted on another one', async () => {
    const [one, two] = await start()
    const waiting = one.client.messages.read({ since_id: 0, wait_s: 20 })
    await two.client.messages.post(hello)
    expect((await waiting).messages).toMatchObject([{ id: 1, body: 'hello' }])
  })

  it('that follows the events gets those of all nodes, each once and in order', async () => {
    const nodes = await start()
    const [first] = nodes
    const { incoming, text } = await openStream(`${first.origin}/api/bus/events`)
    const until = async (part: string) => {
      while (!text().includes(part)) await once(incoming, 'data')
    }
    await until('event: hello\n')
    for (let index = 0; index < 30; index += 1) await (nodes[index % 3] ?? first).client.messages.post(hello)
    await until('id: 30\n')
    const ids = text().match(/^id: .*$/gm) ?? []
    expect(ids.slice(1)).toEqual(Array.from({ length: 30 }, (_, index) => `id: ${index + 1}`))
  })
})

describe('an idempotency key', () => {
  it('that was used on one node replays on another one', async () => {
    const [one, two] = await start()
    const first = await one.client.messages.post(hello, key)
    expect(await two.client.messages.post(hello, key)).toEqual(first)
    expect((await one.client.messages.read({})).messages).toEqual([first])
    expect((await refusalOf(two.client.messages.post({ ...hello, body: 'else' }, key))).code).toBe(
      'idempotency_key_reused',
    )
  })

  it('makes a change once when it is used 21 times at once on three nodes', async () => {
    const nodes = await start()
    const posts = Array.from({ length: 7 }, () => nodes.map(({ client }) => client.messages.post(hello, key))).flat()
    expect(new Set((await Promise.all(posts)).map(({ id }) => id))).toEqual(new Set([1]))
    expect((await nodes[2].client.messages.read({})).head_id).toBe(1)
  })

  it('of a claim answers on another node with the tenure as it stands now, and never with a stale yes', async () => {
    const [one, two, three] = await start()
    const { lane: held } = await one.client.lanes.claim({ lane, owner: 'ann' }, key)
    const again = await two.client.lanes.claim({ lane, owner: 'ann' }, key)
    expect(again).toMatchObject({ decision: 'claim', lane: { fence: held.fence, rev: held.rev } })
    await three.client.lanes.release({ lane, owner: 'ann' })
    expect((await refusalOf(two.client.lanes.claim({ lane, owner: 'ann' }, key))).code).toBe('lease_lost')
  })
})
