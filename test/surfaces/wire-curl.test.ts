import { spawn, spawnSync } from 'node:child_process'
import { once } from 'node:events'
import { describe, expect, it } from 'vitest'
import { createFakeClock, startTestBus } from '../support/bus.ts'
import { collect } from '../support/process.ts'

const hasCurl = spawnSync('curl', ['--version']).status === 0
const title = hasCurl ? 'the wire with curl' : 'the wire with curl (skipped: there is no curl on this machine)'
const JSON_TYPE = ['-H', 'Content-Type: application/json']

describe.skipIf(!hasCurl)(title, () => {
  it('carries the six routes as the first bus did', async () => {
    const { apiUrl } = await startTestBus()
    const message = { topic: 'converge', sender: 'session-A', body: 'lane merged to master', action_flag: true }

    const posted = await curlJson(`${apiUrl}/message`, message)
    expect(posted).toEqual({ status: 200, fields: { id: 1, ...message, ts: expect.any(String) } })
    const read = await curl(`${apiUrl}/messages?topic=converge&limit=5`)
    expect(read).toMatchObject({ status: 200, fields: { messages: [message] } })

    const lane = { name: 'feeds', owner: 'session-A', state: 'held', fence: 1 }
    expect(await curlJson(`${apiUrl}/lanes/feeds/claim`, { owner: 'session-A', lease_s: 120 })).toMatchObject({
      status: 200,
      fields: { ok: true, decision: 'claim', lane, lease_s: 120 },
    })
    expect(await curlJson(`${apiUrl}/lanes/feeds/heartbeat`, { owner: 'session-A' })).toMatchObject({
      status: 200,
      fields: { ok: true, decision: 'heartbeat', lane, lease_s: 300 },
    })
    expect(await curl(`${apiUrl}/status`)).toMatchObject({
      status: 200,
      fields: {
        active_lanes: [lane],
        orphaned_claims: [],
        recent_messages: [message],
        pending_action_flags: [message],
        _meta: { active_lane_count: 1, message_count: 1, pending_action_flag_count: 1, arms_nothing: true },
      },
    })
    expect(await curlJson(`${apiUrl}/lanes/feeds/release`, { owner: 'session-A' })).toMatchObject({
      status: 200,
      fields: { ok: true, decision: 'released', lane: { name: 'feeds', owner: null, state: 'free' } },
    })
  })

  it('tells the three conflicts of a lane in the words of the first bus', async () => {
    const clock = createFakeClock()
    const { apiUrl } = await startTestBus({ createClock: () => clock.now })
    await curlJson(`${apiUrl}/lanes/feeds/claim`, { owner: 'other', lease_s: 120 })
    const refusal = async (verb: string) => {
      const answer = await curlJson(`${apiUrl}/lanes/feeds/${verb}`, { owner: 'session-A' })
      expect(answer).toMatchObject({ status: 409, fields: { lane: { owner: 'other' }, retry_after_ms: 120_000 } })
      expectRefusal(answer, 409, verb === 'heartbeat' ? 'lane_not_held' : 'lane_held')
      return answer.fields.detail
    }
    expect(await refusal('claim')).toBe("lane 'feeds' held by 'other' (lease 120s remaining)")
    expect(await refusal('release')).toMatch(/^lane 'feeds' held live by another owner/)
    expect(await refusal('heartbeat')).toMatch(/^lane 'feeds' not held live by 'session-A' -- claim it instead/)
  })

  it('refuses writes without the secret with 401, and takes them with it', async () => {
    const { apiUrl } = await startTestBus({ writeSecret: 'tr0ub4dor&3' })
    const claim = (...args: string[]) => curlJson(`${apiUrl}/lanes/feeds/claim`, { owner: 'session-A' }, args)
    for (const answer of [
      await claim(),
      await claim('-H', 'X-Bus-Secret: wrong'),
      await claim('-H', 'X-Bus-Secret;'),
    ]) {
      expectRefusal(answer, 401, 'write_secret_required')
      expect(answer.fields.detail).toBe('missing or invalid X-Bus-Secret')
    }
    expect((await curl(`${apiUrl}/status`)).status).toBe(200)
    expect((await claim('-H', 'X-Bus-Secret: tr0ub4dor&3')).status).toBe(200)
  })

  it('refuses what is no route with 404, and another method with 405', async () => {
    const { apiUrl } = await startTestBus()
    expectRefusal(await curl(`${apiUrl}/nowhere`), 404, 'route_not_found')
    expectRefusal(await curl(`${apiUrl}/messages/7`), 404, 'message_not_found')
    expectRefusal(await curl(`${apiUrl}/lanes/new`), 404, 'lane_not_found')
    expectRefusal(await curl(`${apiUrl}/message`), 405, 'method_not_allowed')
  })

  it.each([
    ['by its length', ['-H', 'Expect:']],
    ['by its length, asking first', ['-H', 'Expect: 100-continue']],
    ['as it comes', ['-H', 'Expect:', '-H', 'Transfer-Encoding: chunked']],
  ])('refuses a body that is too large %s with 413, which reaches the caller', async (_, args) => {
    const { apiUrl } = await startTestBus()
    const answer = await curl(
      `${apiUrl}/message`,
      [...JSON_TYPE, ...args, '--data-binary', '@-'],
      'x'.repeat(8_000_000),
    )
    expectRefusal(answer, 413, 'body_too_large')
  })

  it('refuses what is not sent as JSON with 415', async () => {
    const { apiUrl } = await startTestBus()
    const url = `${apiUrl}/lanes/feeds/claim`
    expectRefusal(await curl(url, ['-d', 'owner=session-A']), 415, 'json_required')
    expectRefusal(await curl(url, ['-F', 'owner=session-A']), 415, 'json_required')
    expectRefusal(await curl(url, ['-X', 'POST']), 415, 'json_required')
    const withCharset = ['-H', 'Content-Type: application/json; charset=utf-8', '-d', '{"owner":"session-A"}']
    expect((await curl(url, withCharset)).status).toBe(200)
  })

  it('refuses another host with 421, and a foreign page with 403', async () => {
    const { apiUrl } = await startTestBus()
    expectRefusal(await curl(`${apiUrl}/status`, ['-H', 'Host: evil.example']), 421, 'host_not_allowed')
    expectRefusal(await curl(`${apiUrl}/status`, ['-H', 'Origin: http://evil.example']), 403, 'origin_forbidden')
    expectRefusal(await curl(`${apiUrl}/status`, ['-H', 'Sec-Fetch-Site: cross-site']), 403, 'origin_forbidden')
  })

  it('refuses fields and bodies that are wrong with 422', async () => {
    const { apiUrl } = await startTestBus()
    expectRefusal(await curl(`${apiUrl}/message`, [...JSON_TYPE, '-d', '{"topic":']), 422, 'invalid_json')
    expectRefusal(await curl(`${apiUrl}/messages?limit=501`), 422, 'invalid_request')
    const answer = await curlJson(`${apiUrl}/lanes/feeds/claim`, { lease_s: 0 })
    expectRefusal(answer, 422, 'invalid_request')
    expect(answer.fields.errors).toMatchObject([{ path: 'owner' }, { path: 'lease_s' }])
  })
})

interface Answer {
  readonly status: number
  readonly fields: Readonly<Record<string, unknown>>
}

function expectRefusal({ status, fields }: Answer, expected: number, code: string): void {
  expect(status).toBe(expected)
  expect(fields).toMatchObject({ detail: expect.any(String), code, request_id: expect.any(String) })
}

function curlJson(url: string, body: object, args: readonly string[] = []): Promise<Answer> {
  return curl(url, [...JSON_TYPE, ...args, '-d', JSON.stringify(body)])
}

/** Without the user's own settings and proxies. */
async function curl(url: string, args: readonly string[] = [], input = ''): Promise<Answer> {
  const child = spawn('curl', ['-q', '-sS', '--noproxy', '*', '-w', '\n%{http_code}', ...args, url])
  const stdout = collect(child.stdout)
  const stderr = collect(child.stderr)
  // curl stops reading its input once it was refused.
  child.stdin.on('error', () => {})
  child.stdin.end(input)
  await once(child, 'close')
  const [, text = '', status] = /^(.*)\n(\d{3})$/s.exec(stdout()) ?? []
  if (text === '') throw new Error(`curl got no answer: ${stderr()}`)
  return { status: Number(status), fields: JSON.parse(text) }
}
