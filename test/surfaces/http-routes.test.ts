import { describe, expect, it } from 'vitest'
import { createFakeClock, type FakeClock, startTestBus } from '../support/bus.ts'
import { ask, post, type RawAnswer } from '../support/raw-http.ts'

const MOMENT = expect.stringMatching(/^\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d\.\d{3}Z$/)

/** Every field of a lane on the wire, as it is before its first claim. */
const freeLane = {
  name: 'feeds',
  state: 'free',
  owner: null,
  note: null,
  fence: 0,
  rev: 0,
  claimed_at: null,
  renewed_at: null,
  expires_at: null,
  expires_in_ms: null,
  waiters: 0,
  lease_s: null,
  last_owner: null,
  last_fence: null,
  last_end: null,
}

const heldLane = {
  ...freeLane,
  state: 'held',
  owner: 'session-A',
  fence: 1,
  rev: 1,
  claimed_at: MOMENT,
  renewed_at: MOMENT,
  expires_at: MOMENT,
  expires_in_ms: 300_000,
  lease_s: 300,
}

const hello = { topic: 'converge', sender: 'session-A', body: 'lane merged' }
const helloOnTheWire = { id: 1, ...hello, action_flag: false, ts: MOMENT }

interface Api {
  readonly clock: FakeClock
  get(path: string): Promise<RawAnswer>
  post(path: string, body: unknown): Promise<RawAnswer>
}

/** A bus whose clock stands still, with paths below `/api/bus`. */
async function startApi(): Promise<Api> {
  const clock = createFakeClock()
  const { origin } = await startTestBus({ createClock: () => clock.now, maxLeaseSeconds: 600 })
  return {
    clock,
    get: (path) => ask(origin, { path: `/api/bus${path}` }),
    post: (path, body) => ask(origin, post(`/api/bus${path}`, body)),
  }
}

function expectAnswer({ status, fields }: RawAnswer, expected: object): void {
  expect({ status, fields }).toEqual({ status: 200, fields: expected })
}

describe('messages.post over HTTP', () => {
  it('answers with exactly the six fields of a message', async () => {
    const api = await startApi()
    expectAnswer(await api.post('/message', hello), helloOnTheWire)
    expectAnswer(await api.post('/message', { ...hello, action_flag: true }), {
      ...helloOnTheWire,
      id: 2,
      action_flag: true,
    })
  })

  it('ignores fields that it does not know', async () => {
    const api = await startApi()
    expectAnswer(await api.post('/message', { ...hello, priority: 1, id: 99, ts: 'yesterday' }), helloOnTheWire)
  })

  it('reads nothing from the query, as the first bus', async () => {
    const api = await startApi()
    expectAnswer(await api.post('/message?topic=other&action_flag=true', hello), helloOnTheWire)
  })

  it('keeps a body of 65,536 bytes, its tabs, newlines and every script', async () => {
    const api = await startApi()
    const body = `\ta\nb\r\n«é—日本—🚌»${'x'.repeat(65_536)}`
    const cut = Buffer.from(body).subarray(0, 65_536).toString()
    await api.post('/message', { ...hello, body: cut })
    expectAnswer(await api.get('/messages/1'), { ...helloOnTheWire, body: cut })
  })
})

describe('messages.read over HTTP', () => {
  const emptyPage = { messages: [], next_since_id: 0, more: false, head_id: 0, epoch: expect.any(String) }

  it('answers with the newest first, and where to go on', async () => {
    const api = await startApi()
    expectAnswer(await api.get('/messages'), emptyPage)
    await api.post('/message', hello)
    await api.post('/message', hello)
    expectAnswer(await api.get('/messages'), {
      messages: [{ ...helloOnTheWire, id: 2 }, helloOnTheWire],
      next_since_id: 2,
      more: false,
      head_id: 2,
      epoch: expect.any(String),
    })
  })

  it('reads numbers and booleans from the query, and ignores parameters that it does not know', async () => {
    const api = await startApi()
    for (const action_flag of [true, false, true, false]) await api.post('/message', { ...hello, action_flag })
    const ids = async (query: string) => {
      const { fields } = await api.get(`/messages?${query}`)
      const { messages } = fields as { messages: { id: number }[] } // Anything else fails below.
      return messages.map(({ id }) => id)
    }
    expect(await ids('limit=1')).toEqual([4])
    expect(await ids('since_id=1&limit=2')).toEqual([2, 3])
    expect(await ids('flagged=true')).toEqual([3, 1])
    expect(await ids('flagged=FALSE')).toEqual([4, 2])
    expect(await ids('flagged=1&page=7&_=')).toEqual([3, 1])
    expect(await ids('topic=con%76erge&sender=session-A')).toEqual([4, 3, 2, 1])
    expect(await ids('topic=a+b')).toEqual([])
  })

  it('takes the last of a repeated parameter, as the first bus', async () => {
    const api = await startApi()
    await api.post('/message', hello)
    const { fields } = await api.get('/messages?topic=other&topic=converge')
    expect(fields.messages).toEqual([helloOnTheWire])
  })
})

describe('messages.get over HTTP', () => {
  it('answers with the one message', async () => {
    const api = await startApi()
    await api.post('/message', hello)
    expectAnswer(await api.get('/messages/1'), helloOnTheWire)
  })
})

describe('messages.ack over HTTP', () => {
  it('answers with the message, who acknowledged it and when, and says when it was so already', async () => {
    const api = await startApi()
    await api.post('/message', { ...hello, action_flag: true })
    const message = { ...helloOnTheWire, action_flag: true, acked_by: 'bob', acked_at: MOMENT }
    expectAnswer(await api.post('/messages/1/ack', { sender: 'bob' }), { ok: true, message })
    expectAnswer(await api.post('/messages/1/ack', { sender: 'eve' }), { ok: true, message, already: true })
  })
})

describe('lanes.claim over HTTP', () => {
  it('answers with the decision, the whole lane and the lease in force', async () => {
    const api = await startApi()
    expectAnswer(await api.post('/lanes/feeds/claim', { owner: 'session-A' }), {
      ok: true,
      decision: 'claim',
      lane: heldLane,
      lease_s: 300,
    })
    expectAnswer(await api.post('/lanes/feeds/claim', { owner: 'session-A', lease_s: 0.5, note: 'busy' }), {
      ok: true,
      decision: 'renew',
      lane: { ...heldLane, rev: 2, note: 'busy', expires_in_ms: 1000, lease_s: 1 },
      lease_s: 1,
      requested_lease_s: 0.5,
      clamped: true,
    })
  })

  it('names whom it was stolen from', async () => {
    const api = await startApi()
    await api.post('/lanes/feeds/claim', { owner: 'other', lease_s: 10 })
    api.clock.advance(10_000)
    expectAnswer(await api.post('/lanes/feeds/claim', { owner: 'session-A', lease_s: 1e308 }), {
      ok: true,
      decision: 'steal',
      lane: {
        ...heldLane,
        fence: 2,
        rev: 2,
        expires_in_ms: 600_000,
        lease_s: 600,
        last_owner: 'other',
        last_fence: 1,
        last_end: 'stolen',
      },
      lease_s: 600,
      requested_lease_s: 1e308,
      clamped: true,
      stolen_from: 'other',
    })
  })

  it('takes the lane from the path, percent-encoded or not, and not from body or query', async () => {
    const api = await startApi()
    for (const path of ['a%3Ab', 'a:b', '%61%3ab']) {
      const { fields } = await api.post(`/lanes/${path}/claim?lane=query`, { owner: 'session-A', lane: 'body' })
      expect(fields.lane).toMatchObject({ name: 'a:b' })
    }
    const { fields } = await api.get('/lanes')
    expect(fields.lanes).toHaveLength(1)
  })
})

describe('lanes.heartbeat over HTTP', () => {
  it('answers with the lane and the lease in force', async () => {
    const api = await startApi()
    await api.post('/lanes/feeds/claim', { owner: 'session-A' })
    expectAnswer(await api.post('/lanes/feeds/heartbeat', { owner: 'session-A', fence: 1, unknown: true }), {
      ok: true,
      decision: 'heartbeat',
      lane: { ...heldLane, rev: 2 },
      lease_s: 300,
    })
  })
})

describe('lanes.release over HTTP', () => {
  it('answers with the free lane, and says when it was free already', async () => {
    const api = await startApi()
    await api.post('/lanes/feeds/claim', { owner: 'session-A' })
    const ended = { last_owner: 'session-A', last_fence: 1, last_end: 'released' }
    const answer = { ok: true, decision: 'released', lane: { ...freeLane, fence: 1, rev: 2, ...ended } }
    expectAnswer(await api.post('/lanes/feeds/release', { owner: 'session-A' }), answer)
    expectAnswer(await api.post('/lanes/feeds/release', { owner: 'session-A' }), { ...answer, already: true })
  })
})

describe('lanes.get over HTTP', () => {
  it('answers with the lane and the moment of the answer', async () => {
    const api = await startApi()
    await api.post('/lanes/feeds/claim', { owner: 'session-A' })
    expectAnswer(await api.get('/lanes/feeds'), { lane: heldLane, server_time: MOMENT })
  })
})

describe('lanes.list over HTTP', () => {
  it('answers with the lanes that fit, and where the next page begins', async () => {
    const api = await startApi()
    for (const lane of ['feeds', 'a:b']) await api.post(`/lanes/${lane}/claim`, { owner: 'session-A' })
    const first = { ...heldLane, name: 'a:b' }
    expectAnswer(await api.get('/lanes'), { lanes: [first, heldLane], next_after: null, server_time: MOMENT })
    expectAnswer(await api.get('/lanes?limit=1'), { lanes: [first], next_after: 'a:b', server_time: MOMENT })
    expectAnswer(await api.get('/lanes?limit=1&after=a%3Ab&state=held&owner=session-A'), {
      lanes: [heldLane],
      next_after: null,
      server_time: MOMENT,
    })
    expectAnswer(await api.get('/lanes?state=orphaned'), { lanes: [], next_after: null, server_time: MOMENT })
  })
})

describe('lanes.history over HTTP', () => {
  it('answers with what happened to the lane, the newest first', async () => {
    const api = await startApi()
    await api.post('/lanes/feeds/claim', { owner: 'session-A', note: 'busy' })
    await api.post('/lanes/feeds/release', { owner: 'session-A' })
    const common = { owner: 'session-A', from: null, fence: 1, at: MOMENT, request_id: expect.any(String) }
    const claimed = { ...common, rev: 1, event: 'claim', lease_s: 300, note: 'busy' }
    const released = { ...common, rev: 2, event: 'release', lease_s: null, note: null }
    expectAnswer(await api.get('/lanes/feeds/history'), { lane: 'feeds', events: [released, claimed], refusals: [] })
    expectAnswer(await api.get('/lanes/feeds/history?limit=1'), { lane: 'feeds', events: [released], refusals: [] })
    expectAnswer(await api.get('/lanes/feeds/history?before_rev=2'), { lane: 'feeds', events: [claimed], refusals: [] })
  })
})

describe('lanes.timeline over HTTP', () => {
  it('answers with the window, the tenures in it, and whether any is left out', async () => {
    const api = await startApi()
    await api.post('/lanes/dead/claim', { owner: 'ghost', lease_s: 1, note: 'busy' })
    await api.post('/lanes/feeds/claim', { owner: 'other', lease_s: 1 })
    api.clock.advance(1000)
    await api.post('/lanes/feeds/claim', { owner: 'session-A' })
    await api.post('/lanes/feeds/release', { owner: 'session-A' })
    const tenure = { fence: 1, began_at: MOMENT, ended_at: MOMENT, lease_ends_at: MOMENT, renewals: 0, note: null }
    const dead = { ...tenure, lane: 'dead', owner: 'ghost', ended_at: null, end: null, note: 'busy', stolen_from: null }
    const stolen = { ...tenure, lane: 'feeds', owner: 'other', end: 'stolen', stolen_from: null }
    const released = { ...stolen, fence: 2, owner: 'session-A', end: 'released', stolen_from: 'other' }
    const window = { from: MOMENT, until: MOMENT, refusals: [] }
    expectAnswer(await api.get('/timeline'), { ...window, tenures: [dead, stolen, released], truncated: false })
    expectAnswer(await api.get('/timeline?window_s=60&limit=1'), { ...window, tenures: [dead], truncated: true })
  })
})

describe('status.get over HTTP', () => {
  it('answers with the rollup', async () => {
    const api = await startApi()
    await api.post('/lanes/dead/claim', { owner: 'ghost', lease_s: 1 })
    api.clock.advance(1000)
    await api.post('/lanes/feeds/claim', { owner: 'session-A' })
    await api.post('/message', { ...hello, action_flag: true })
    const message = { ...helloOnTheWire, action_flag: true }
    expectAnswer(await api.get('/status'), {
      active_lanes: [heldLane],
      orphaned_claims: [{ ...heldLane, name: 'dead', state: 'orphaned', owner: 'ghost', expires_in_ms: 0, lease_s: 1 }],
      recent_messages: [message],
      pending_action_flags: [message],
      _meta: {
        active_lane_count: 1,
        orphaned_claim_count: 1,
        message_count: 1,
        pending_action_flag_count: 1,
        waiting_count: 0,
        contended_lane_count: 0,
        silent_lane_count: 0,
        needs_you_count: 2,
        max_lease_seconds: 600,
        write_secret_required: false,
        epoch: expect.any(String),
        server_time: MOMENT,
        version: expect.any(String),
        arms_nothing: true,
      },
    })
  })
})

describe('status.attention over HTTP', () => {
  it('answers with what waits for a person, and with what the status counts', async () => {
    const api = await startApi()
    await api.post('/lanes/dead/claim', { owner: 'ghost', lease_s: 1 })
    await api.post('/lanes/feeds/claim', { owner: 'session-A', lease_s: 600.001 })
    await api.post('/message', { ...hello, sender: 'session-B', action_flag: true })
    api.clock.advance(599_999)
    await api.post('/lanes/feeds/heartbeat', { owner: 'session-A' })
    api.clock.advance(1)
    const { _meta } = (await api.get('/status')).fields
    expectAnswer(await api.get('/attention'), {
      items: [
        {
          kind: 'flag',
          since: MOMENT,
          message: { ...helloOnTheWire, sender: 'session-B', action_flag: true },
        },
        {
          kind: 'orphaned',
          since: MOMENT,
          lane: { ...heldLane, name: 'dead', state: 'orphaned', owner: 'ghost', expires_in_ms: 0, lease_s: 1 },
        },
        { kind: 'silent', since: MOMENT, lane: { ...heldLane, rev: 2, expires_in_ms: 299_999 }, last_message_at: null },
      ],
      _meta,
    })
  })
})
