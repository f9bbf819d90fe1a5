import { describe, expect, it } from 'vitest'
import { startTestBus } from '../../test/support/bus.ts'
import { startFakeServer } from '../../test/support/fake-server.ts'
import { BusUnreachable, createBusClient, createFetchTransport } from './index.ts'

const hello = { topic: 'converge', sender: 'ann', body: 'hello' }

describe('a client over fetch', () => {
  it('reads and writes as one over node:http does, with the secret', async () => {
    const { apiUrl, client } = await startTestBus({ writeSecret: 'open sesame' })
    const overFetch = createBusClient({
      baseUrl: apiUrl,
      writeSecret: 'open sesame',
      transport: createFetchTransport(),
    })
    const posted = await overFetch.messages.post(hello)
    expect(await client.messages.get({ id: posted.id })).toEqual(posted)
    expect((await overFetch.messages.read({ topic: 'converge' })).messages).toEqual([posted])
  })

  it('is refused in the bus’s own words', async () => {
    const { apiUrl } = await startTestBus({ writeSecret: 'open sesame' })
    const overFetch = createBusClient({ baseUrl: apiUrl, transport: createFetchTransport() })
    await expect(overFetch.messages.post(hello)).rejects.toMatchObject({
      statusCode: 401,
      body: { detail: 'missing or invalid X-Bus-Secret' },
    })
  })

  it('finds no bus where there is none', async () => {
    const { apiUrl, close } = await startTestBus()
    await close()
    const overFetch = createBusClient({ baseUrl: apiUrl, transport: createFetchTransport() })
    await expect(overFetch.status.get({})).rejects.toThrow(BusUnreachable)
    await expect(overFetch.status.get({})).rejects.toThrow(/no connection/)
  })

  it('gives up when the time is over, and when its caller does', async () => {
    const silent = await startFakeServer(() => {})
    const hasty = createBusClient({ baseUrl: silent.baseUrl, timeoutMs: 20.5, transport: createFetchTransport() })
    await expect(hasty.status.get({})).rejects.toThrow(/no answer within 0.0205 s/)
    const { apiUrl } = await startTestBus()
    const patient = createBusClient({ baseUrl: apiUrl, transport: createFetchTransport() })
    const caller = new AbortController()
    const waiting = patient.messages.read({ since_id: 0, wait_s: 20 }, { signal: caller.signal })
    caller.abort()
    await expect(waiting).rejects.toThrow(/cancelled/)
  })
})
