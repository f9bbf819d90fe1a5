import { describe, expect, it } from 'vitest'
import { startTestBus } from '../support/bus.ts'
import { nameSession, openSession, postMcp, readMessages, readToolAnswer } from '../support/http-session.ts'
import { cancelled, initialize, request, toolCall } from '../support/json-rpc.ts'
import { connectHttp } from '../support/mcp.ts'
import { untilWaiting } from '../support/nodes.ts'

const lane = 'feeds'
const asBuilder = { headers: { 'x-bus-agent': 'builder' } }

/** Shorter than any time limit of the server, so that a close that waits for one of them fails. */
const BEFORE_ANY_LIMIT = 4000

/** A bus with a lane that is held, and a session whose client waits for it. */
async function startWaitingSession() {
  const bus = await startTestBus()
  await bus.client.lanes.claim({ lane, owner: 'planner' })
  const session = await openSession(bus.mcpUrl)
  const gone = new AbortController()
  const claim = toolCall(7, 'claim_lane', { lane, wait_s: 30 })
  const claiming = session.post(claim, { ...asBuilder, signal: gone.signal }).catch(() => new Response())
  await untilWaiting(bus.client, lane, 1)
  return { bus, session, claiming, gone }
}

describe('a session over HTTP', () => {
  it('is opened by initialize in each revision of 2025 and before, and named in every answer', async () => {
    const { mcpUrl } = await startTestBus()
    const ids = new Set()
    for (const revision of ['2024-11-05', '2025-03-26', '2025-06-18', '2025-11-25']) {
      const opened = await postMcp(mcpUrl, initialize(revision))
      expect(await readMessages(opened)).toMatchObject([{ id: 'first', result: { protocolVersion: revision } }])
      const id = opened.headers.get('mcp-session-id') ?? ''
      expect(id).toMatch(/^[0-9a-f-]{36}$/)
      ids.add(id)
      const answer = await nameSession(mcpUrl, id).post(request('a', 'ping'))
      expect(answer.headers.get('mcp-session-id')).toBe(id)
      expect(await readMessages(answer)).toEqual([{ jsonrpc: '2.0', id: 'a', result: {} }])
    }
    expect(ids.size).toBe(4)
  })

  it('takes one initialize, and no other begins in it', async () => {
    const { mcpUrl } = await startTestBus()
    const session = await openSession(mcpUrl)
    expect((await session.post(initialize())).status).toBe(400)
  })

  it('is not opened by an initialize that is refused', async () => {
    const { mcpUrl } = await startTestBus()
    const body = JSON.stringify(initialize())
    const refused = await fetch(mcpUrl, { method: 'POST', body, headers: { 'content-type': 'application/json' } })
    expect(refused.status).toBe(406)
    expect(refused.headers.has('mcp-session-id')).toBe(false)
  })

  it('ends a call that is cancelled: it leaves the queue, its stream ends without an answer, and others go on', async () => {
    const { bus, session, claiming } = await startWaitingSession()
    const other = await openSession(bus.mcpUrl)
    expect((await other.post(cancelled(7))).status).toBe(202)
    await untilWaiting(bus.client, lane, 1)
    expect((await session.post(cancelled(7))).status).toBe(202)
    await untilWaiting(bus.client, lane, 0)
    expect(await readMessages(await claiming)).toEqual([])
    await bus.client.lanes.release({ lane, owner: 'planner' })
    const again = await session.post(toolCall(8, 'claim_lane', { lane }), asBuilder)
    expect(await readToolAnswer(again)).toMatchObject({ ok: true, lane: { owner: 'builder' } })
  })

  it('answers the rest of a batch of which one call is cancelled', async () => {
    const bus = await startTestBus()
    await bus.client.lanes.claim({ lane, owner: 'planner' })
    const session = await openSession(bus.mcpUrl)
    const calls = [
      toolCall(1, 'claim_lane', { lane, wait_s: 30 }),
      toolCall(2, 'read_messages', { since_id: 0, wait_s: 30 }),
    ]
    const answer = session.post(calls, asBuilder)
    await untilWaiting(bus.client, lane, 1)
    await session.post(cancelled(1))
    await untilWaiting(bus.client, lane, 0)
    await bus.client.messages.post({ topic: 'converge', sender: 'planner', body: 'yours' })
    const { value } = (await (await answer).body?.getReader().read()) ?? {}
    expect(new TextDecoder().decode(value)).toContain('"id":2')
  })

  it('takes a call back whose caller goes away, for nobody would get its answer', async () => {
    const { bus, gone } = await startWaitingSession()
    gone.abort()
    await untilWaiting(bus.client, lane, 0)
  })

  it('has one stream at a time, which may be opened again as soon as its reader has gone', async () => {
    const { mcpUrl } = await startTestBus()
    const session = await openSession(mcpUrl)
    const gone = new AbortController()
    expect((await session.listen({ signal: gone.signal })).status).toBe(200)
    expect((await session.listen()).status).toBe(409)
    gone.abort()
    // The bus learns of it a moment later.
    await expect.poll(async () => (await session.listen()).status).toBe(200)
  })

  it('answers 404 to everything once it was ended, and its stream ends', async () => {
    const { mcpUrl } = await startTestBus()
    const session = await openSession(mcpUrl)
    const stream = await session.listen()
    expect((await session.end()).status).toBe(200)
    expect(await readMessages(stream)).toEqual([])
    for (const ask of [session.end, session.listen, () => session.post(initialize())]) {
      const response = await ask()
      expect(response.status).toBe(404)
      expect(await response.json()).toMatchObject({ jsonrpc: '2.0', id: null, error: { code: -32001 } })
    }
  })
})

describe('a session id that a bus does not know', () => {
  it('is served as if there were none: of a bus before its restart, or of another one behind the same address', async () => {
    const [before, after] = [await startTestBus(), await startTestBus()]
    const { id } = await openSession(before.mcpUrl)
    await before.close()
    const session = nameSession(after.mcpUrl, id)
    const listed = await session.post(request(1, 'tools/list'))
    expect(listed.headers.has('mcp-session-id')).toBe(false)
    expect(await readMessages(listed)).toMatchObject([{ id: 1, result: { tools: expect.any(Array) } }])
    const claimed = await session.post(toolCall(2, 'claim_lane', { lane }), asBuilder)
    expect(await readToolAnswer(claimed)).toMatchObject({ ok: true, agent_id: 'builder' })
    expect((await session.post(cancelled(2))).status).toBe(202)
  })

  it('is not noticed by the SDK client of a bus that was started anew', async () => {
    const before = await startTestBus()
    const { call } = await connectHttp('legacy', before.mcpUrl, asBuilder.headers)
    expect((await call('claim_lane', { lane })).isError).toBe(false)
    await before.close()
    const after = await startTestBus({ port: Number(new URL(before.origin).port) })
    expect((await call('claim_lane', { lane })).fields).toMatchObject({ ok: true, lane: { owner: 'builder' } })
    expect(after.logged).toEqual([])
  })

  it('opens no stream and ends nothing, and a client may begin anew with it', async () => {
    const { mcpUrl } = await startTestBus()
    const session = nameSession(mcpUrl, crypto.randomUUID())
    expect((await session.listen()).status).toBe(404)
    expect((await session.end()).status).toBe(404)
    const opened = await session.post(initialize())
    expect(opened.headers.get('mcp-session-id')).not.toBe(session.id)
  })
})

describe('who acts in a session', () => {
  it('is whom the headers of each request name, whoever opened it', async () => {
    const { mcpUrl } = await startTestBus()
    const session = await openSession(mcpUrl, { 'x-bus-agent': 'planner' })
    const claim = (id: number, headers: Record<string, string>) =>
      session.post(toolCall(id, 'claim_lane', { lane: `lane-${id}` }), { headers }).then(readToolAnswer)
    expect(await claim(1, { 'x-bus-agent': 'planner' })).toMatchObject({ lane: { owner: 'planner' } })
    expect(await claim(2, { 'x-bus-agent': 'builder' })).toMatchObject({ lane: { owner: 'builder' } })
    const unnamed = await claim(3, {})
    expect(unnamed).toMatchObject({ ok: false, error: { type: 'invalid_arguments', errors: [{ path: 'owner' }] } })
    expect(unnamed).not.toHaveProperty('agent_id')
  })

  it('has to prove it by each request: its id and the proof of others give no right to write', async () => {
    const { mcpUrl } = await startTestBus({ writeSecret: 'swordfish' })
    const proof = { 'x-bus-agent': 'planner', 'x-bus-secret': 'swordfish' }
    const session = await openSession(mcpUrl, proof)
    const post = (id: number, headers: Record<string, string>) =>
      session.post(toolCall(id, 'post_message', { topic: 'a', body: 'b' }), { headers }).then(readToolAnswer)
    expect(await post(1, proof)).toMatchObject({ ok: true, id: 1 })
    for (const headers of [{ 'x-bus-agent': 'planner' }, { ...proof, 'x-bus-secret': 'other' }]) {
      expect(await post(2, headers)).toMatchObject({ ok: false, error: { status_code: 401 } })
    }
  })
})

describe('the close of a bus with sessions', () => {
  it('ends their streams and their waiting calls', { timeout: BEFORE_ANY_LIMIT }, async () => {
    const { bus, session, claiming } = await startWaitingSession()
    const stream = await session.listen()
    const idle = await openSession(bus.mcpUrl)
    await bus.close()
    expect(await readMessages(stream)).toEqual([])
    // Whoever waits is told how things stand, and keeps its place.
    const answer = {
      isError: true,
      structuredContent: { error: { code: 'lane_held', position: 1, retry_after_ms: 0 } },
    }
    expect(await readMessages(await claiming)).toMatchObject([{ result: answer }])
    await expect(idle.listen()).rejects.toThrow()
    expect(bus.logged).toEqual([])
  })
})
