import { describe, expect, it } from 'vitest'
import { createFakeClock, startTestBus } from '../../test/support/bus.ts'
import { answerWith, startFakeServer } from '../../test/support/fake-server.ts'
import { BusApiError, createBusClient } from './index.ts'

/** What a read and a write reject with when every answer is this one; both the same. */
async function failureOf(status: number, body: string, contentType?: string): Promise<BusApiError> {
  const { baseUrl } = await startFakeServer(answerWith(status, body, contentType))
  const client = createBusClient({ baseUrl })
  const read = await client.status.get({}).catch((reason: unknown) => reason)
  const write = await client.lanes.claim({ lane: 'feeds', owner: 'a' }).catch((reason: unknown) => reason)
  expect(write).toEqual(read)
  if (!(read instanceof BusApiError)) throw new Error(`not a BusApiError: ${read}`)
  return read
}

describe('BusApiError', () => {
  it.each([400, 401, 403, 404, 405, 409, 413, 415, 421, 422, 429, 500, 503])(
    'carries the status %i and everything that the bus said',
    async (status) => {
      const body = {
        detail: 'what happened',
        code: 'a_code',
        request_id: 'r1',
        lane: { name: 'feeds' },
        new_field: [1],
      }
      const error = await failureOf(status, JSON.stringify(body))
      expect(error).toMatchObject({ name: 'BusApiError', statusCode: status, message: 'what happened' })
      expect(error.body).toEqual(body)
    },
  )

  it('carries the lane, and when to try again, for who lost it', async () => {
    const clock = createFakeClock()
    const { client } = await startTestBus({ createClock: () => clock.now })
    const { lane } = await client.lanes.claim({ lane: 'feeds', owner: 'other', lease_s: 120 })
    const error = await client.lanes.claim({ lane: 'feeds', owner: 'a' }).catch((reason: unknown) => reason)
    expect(error).toBeInstanceOf(BusApiError)
    expect(error).toMatchObject({
      statusCode: 409,
      message: "lane 'feeds' held by 'other' (lease 120s remaining)",
      body: {
        code: 'lane_held',
        lane: { name: 'feeds', owner: 'other', fence: lane.fence, expires_at: lane.expires_at },
        retry_after_ms: expect.any(Number),
      },
    })
  })

  it('of a body that is too large reaches the caller', async () => {
    const { client } = await startTestBus()
    const post = client.messages.post({ topic: 'converge', sender: 'a', body: 'x'.repeat(4_000_000) })
    await expect(post).rejects.toMatchObject({ name: 'BusApiError', statusCode: 413, body: { code: 'body_too_large' } })
  })

  it('makes a string of the list that the first bus answers 422 with', async () => {
    const detail = [{ type: 'missing', loc: ['body', 'owner'], msg: 'Field required' }]
    const error = await failureOf(422, JSON.stringify({ detail }))
    expect(error.message).toBe(JSON.stringify(detail))
    expect(error.body).toEqual({ detail: JSON.stringify(detail) })
  })

  it.each([
    ['an object', '{"a":1}', '{"a":1}'],
    ['null', 'null', 'null'],
    ['a number', '7', '7'],
  ])('makes a string of a detail that is %s', async (_, detail, text) => {
    const error = await failureOf(400, `{"detail":${detail}}`)
    expect(error.body.detail).toBe(text)
  })

  it.each([
    ['a page of HTML', 502, '<html>Bad Gateway</html>', 'text/html', 'status 502 without a detail (text/html)'],
    ['plain text', 500, 'Internal Server Error', 'text/plain', 'status 500 without a detail (text/plain)'],
    ['nothing', 500, '', '', 'status 500 without a detail (no type)'],
    ['a redirect', 307, '', '', 'status 307 without a detail (no type)'],
    ['JSON that is cut off', 500, '{"detail":', 'application/json', 'status 500 without a detail (application/json)'],
    ['a list', 500, '["no"]', 'application/json', 'status 500 without a detail (application/json)'],
    [
      'an object without one',
      500,
      '{"error":"no"}',
      'application/json',
      'status 500 without a detail (application/json)',
    ],
  ])('has a detail also for a refusal with %s', async (_, status, body, contentType, detail) => {
    const error = await failureOf(status, body, contentType)
    expect(error).toMatchObject({ statusCode: status, message: detail, body: { detail } })
    expect(error.message).not.toContain('<')
  })

  it.each([
    ['a page of HTML', 200, '<html>Welcome</html>', 'text/html', 'status 200, text/html'],
    ['text', 200, 'ok', 'text/plain', 'status 200, text/plain'],
    ['nothing', 200, '', '', 'status 200, no type'],
    ['no content', 204, '', '', 'status 204, no type'],
    ['JSON that is cut off', 200, '{"messages":[', 'application/json', 'status 200, application/json'],
    ['a list', 200, '[]', 'application/json', 'status 200, application/json'],
    ['null', 200, 'null', 'application/json', 'status 200, application/json'],
  ])('says that what answers is no bus when a good status comes with %s', async (_, status, body, type, seen) => {
    const error = await failureOf(status, body, type)
    expect(error).toMatchObject({ statusCode: status, message: `what answered is no bus: ${seen}` })
  })
})
