import { join } from 'node:path'
import { describe, expect, it, onTestFinished } from 'vitest'
import { openDirectBus } from '../../../test/correctness/direct-bus.ts'
import { createFakeClock, createTempFolder, startTestBus } from '../../../test/support/bus.ts'
import { loadDriver } from '../../store/sqlite/driver.ts'
import { sweep } from '../events/sweep.ts'

const hello = { topic: 'converge', sender: 'ann', body: 'hello' }
const claim = { lane: 'feeds', owner: 'ann', lease_s: 60 }
const key = { idempotencyKey: 'key-1' }

async function startStill() {
  const clock = createFakeClock()
  return { clock, ...(await startTestBus({ createClock: () => clock.now })) }
}

describe('a write under an idempotency key', () => {
  it('is made once, however often it is asked for, and answers the same', async () => {
    const { client } = await startTestBus()
    const first = await client.messages.post(hello, key)
    expect(await client.messages.post(hello, key)).toEqual(first)
    const { messages } = await client.messages.read({})
    expect(messages).toEqual([first])
  })

  it('answers the same, byte for byte, also when the message has been acknowledged or dropped since', async () => {
    const clock = createFakeClock()
    const bus = await openDirectBus({
      path: ':memory:',
      createClock: () => clock.now,
      minLeaseMs: 1,
      maxLeaseMs: 1_000_000,
    })
    onTestFinished(bus.close)
    const asked = { ...hello, action_flag: true, recipient: 'bob', thread_id: 1 }
    const post = async () => JSON.stringify(await bus.call('messages.post', asked, 'key-1'))
    const first = await post()
    await bus.call('messages.ack', { id: 1, sender: 'bob' })
    expect(await post()).toBe(first)
    clock.advance(60_000)
    await sweep({ ...bus.context, settings: { ...bus.context.settings, retainMs: 1_000 } })
    expect(await bus.call('messages.get', { id: 1 })).toMatchObject({ status: 404 })
    expect(await post()).toBe(first)
  })

  it('is kept without what every retry says again: a post costs its body once', async () => {
    const databasePlace = join(createTempFolder(), 'bus.db')
    const bus = await startTestBus({ databasePlace })
    await bus.client.messages.post({ ...hello, body: 'x'.repeat(60_000) }, key)
    await bus.close()
    const connection = (await loadDriver()).open(databasePlace, true)
    const [row] = connection.prepare('select answer from kept_answers').all()
    connection.close()
    expect(row).toEqual({ answer: expect.stringMatching(/^{"id":1,"ts":\d+}$/) })
  })

  it('is made once when it is asked for 20 times at once', async () => {
    const { client } = await startTestBus()
    const answers = await Promise.all(Array.from({ length: 20 }, () => client.messages.post(hello, key)))
    expect(new Set(answers.map(({ id }) => id))).toEqual(new Set([1]))
    expect((await client.messages.read({})).head_id).toBe(1)
  })

  it('says in its headers that an answer is that of an earlier request', async () => {
    const { apiUrl } = await startTestBus()
    const post = () =>
      fetch(`${apiUrl}/message`, {
        method: 'POST',
        headers: { 'content-type': 'application/json', 'idempotency-key': 'key-1' },
        body: JSON.stringify(hello),
      })
    expect((await post()).headers.get('idempotency-replayed')).toBeNull()
    expect((await post()).headers.get('idempotency-replayed')).toBe('true')
  })

  it('fails with idempotency_key_reused when the key named another request', async () => {
    const { client } = await startTestBus()
    await client.messages.post(hello, key)
    const reused = { statusCode: 422, body: { code: 'idempotency_key_reused' } }
    await expect(client.messages.post({ ...hello, body: 'else' }, key)).rejects.toMatchObject(reused)
    await expect(client.lanes.claim(claim, key)).rejects.toMatchObject(reused)
    expect((await client.messages.read({})).head_id).toBe(1)
  })

  it('is asked anew when it was refused, for a refusal changes nothing', async () => {
    const { client } = await startTestBus()
    await client.lanes.claim({ ...claim, owner: 'bob' })
    await expect(client.lanes.claim(claim, key)).rejects.toMatchObject({ body: { code: 'lane_held' } })
    await client.lanes.release({ lane: 'feeds', owner: 'bob' })
    expect((await client.lanes.claim(claim, key)).decision).toBe('claim')
  })

  it('refuses a key that is no key: 422, and nothing is stored', async () => {
    const { apiUrl, client } = await startTestBus()
    const answer = await fetch(`${apiUrl}/message`, {
      method: 'POST',
      headers: { 'content-type': 'application/json', 'idempotency-key': 'x'.repeat(129) },
      body: JSON.stringify(hello),
    })
    expect(answer.status).toBe(422)
    expect((await client.messages.read({})).head_id).toBe(0)
  })

  it('is kept for 24 hours, and then made anew', async () => {
    const { client, clock } = await startStill()
    await client.messages.post(hello, key)
    clock.advance(24 * 3_600_000)
    expect((await client.messages.post(hello, key)).id).toBe(1)
    clock.advance(1)
    await client.messages.post(hello, { idempotencyKey: 'key-2' })
    expect((await client.messages.post(hello, key)).id).toBe(3)
  })

  it('leaves nothing behind for long: old answers end sooner than new ones come', async () => {
    const { client, clock } = await startStill()
    const post = (idempotencyKey: string) => client.messages.post(hello, { idempotencyKey })
    const olds = Array.from({ length: 40 }, (_, index) => `old-${index}`)
    await Promise.all(olds.map(post))
    clock.advance(24 * 3_600_000 + 1)
    for (let index = 0; index < 10; index += 1) {
      await post(`new-${index}`)
      if (index % 3 === 2) clock.advance(250)
    }
    clock.advance(250)
    await post('last')
    const ids = (await Promise.all(olds.map(post))).map(({ id }) => id)
    expect(Math.min(...ids)).toBe(52)
  })
})

describe('lanes.claim again under its key', () => {
  it('answers with the tenure that it was granted, as it stands now', async () => {
    const { client, clock } = await startStill()
    const first = await client.lanes.claim(claim, key)
    clock.advance(10_000)
    const again = await client.lanes.claim(claim, key)
    expect(again).toEqual({ ...first, lane: { ...first.lane, expires_in_ms: 50_000 } })
  })

  it('fails with lease_lost when that tenure is over: never a stale yes', async () => {
    const { client, clock } = await startStill()
    await client.lanes.claim(claim, key)
    clock.advance(60_000)
    const lost = { statusCode: 409, body: { code: 'lease_lost' } }
    await expect(client.lanes.claim(claim, key)).rejects.toMatchObject(lost)
    await client.lanes.claim({ ...claim, owner: 'bob' })
    await expect(client.lanes.claim(claim, key)).rejects.toMatchObject({ ...lost, body: { lane: { owner: 'bob' } } })
  })
})

describe('lanes.heartbeat again under its key', () => {
  it('fails with lease_lost when the tenure is over', async () => {
    const { client } = await startTestBus()
    await client.lanes.claim(claim)
    const beat = { lane: 'feeds', owner: 'ann', lease_s: 60 }
    expect((await client.lanes.heartbeat(beat, key)).lane.rev).toBe(2)
    expect((await client.lanes.heartbeat(beat, key)).lane.rev).toBe(2)
    await client.lanes.release({ lane: 'feeds', owner: 'ann' })
    await expect(client.lanes.heartbeat(beat, key)).rejects.toMatchObject({ body: { code: 'lease_lost' } })
  })
})
