import type { Client } from '@modelcontextprotocol/client'
import { describe, expect, it, onTestFinished, vi } from 'vitest'
import { startTestBus, type TestBus } from '../support/bus.ts'
import { answerWith, findClosedUrl, startFakeServer } from '../support/fake-server.ts'
import { connectStdio, type Era, mcpWays } from '../support/mcp.ts'

/** A bus with two lanes and two topics. */
async function startBus() {
  const bus = await startTestBus()
  await bus.client.lanes.claim({ lane: 'feeds', owner: 'ann' })
  await bus.client.lanes.claim({ lane: 'db:migrations', owner: 'bob' })
  await bus.client.messages.post({ topic: 'converge', sender: 'ann', body: 'hello' })
  await bus.client.messages.post({ topic: 'plans for q3/é', sender: 'bob', body: 'none' })
  return bus
}

const PLANS = 'bus://topics/plans%20for%20q3%2F%C3%A9'

async function readJson(client: Client, uri: string): Promise<object> {
  const { contents } = await client.readResource({ uri })
  expect(contents).toEqual([{ uri, mimeType: 'application/json', text: expect.any(String) }])
  const [content] = contents
  return JSON.parse(content && 'text' in content ? content.text : '')
}

/** Follows resources in the way of the era; what is told is in `told`. */
async function follow(client: Client, era: Era, uris: string[]) {
  const told: string[] = []
  client.setNotificationHandler('notifications/resources/updated', ({ params }) => {
    told.push(params.uri)
  })
  if (era === 'modern') {
    const subscription = await client.listen({ resourceSubscriptions: uris })
    return { told, stop: () => subscription.close() }
  }
  for (const uri of uris) await client.subscribeResource({ uri })
  return {
    told,
    stop: async () => {
      for (const uri of uris) await client.unsubscribeResource({ uri })
    },
  }
}

/** At first what was asked for counts as changed; from then on nothing is missed, and this forgets it. */
async function untilFollowed(told: string[], [first]: readonly string[]) {
  await vi.waitFor(() => expect(told).toContain(first), 5_000)
  // What else was on its way has come by then.
  await new Promise((done) => setTimeout(done, 300))
  told.length = 0
}

describe.each(mcpWays)('the resources over $transport to a client of the $era era', ({ connect, era }) => {
  const start = async (bus: TestBus) => (await connect({ bus, agentId: 'planner' })).client

  it('are listed: the status, the lanes, each lane and each topic', async () => {
    const client = await start(await startBus())
    const { resources } = await client.listResources()
    expect(resources.map(({ uri, name }) => [uri, name])).toEqual([
      ['bus://lanes', 'lanes'],
      ['bus://status', 'status'],
      ['bus://topics/converge', 'converge'],
      [PLANS, 'plans for q3/é'],
      ['bus://lanes/db%3Amigrations', 'db:migrations'],
      ['bus://lanes/feeds', 'feeds'],
    ])
    for (const { title, description, mimeType } of resources) {
      expect({ title, description, mimeType }).toEqual({
        title: expect.any(String),
        description: expect.any(String),
        mimeType: 'application/json',
      })
    }
    const { resourceTemplates } = await client.listResourceTemplates()
    expect(resourceTemplates.map(({ uriTemplate }) => uriTemplate)).toEqual([
      'bus://topics/{topic}',
      'bus://lanes/{lane}',
    ])
  })

  it('are what the bus answers now, each of them', async () => {
    const bus = await startBus()
    const client = await start(bus)
    const { resources } = await client.listResources()
    for (const { uri } of resources) expect(await readJson(client, uri)).not.toEqual({})
    expect(await readJson(client, 'bus://status')).toMatchObject({ active_lanes: { length: 2 } })
    expect(await readJson(client, 'bus://lanes')).toMatchObject({
      lanes: [{ name: 'db:migrations' }, { name: 'feeds' }],
    })
    expect(await readJson(client, 'bus://lanes/db%3Amigrations')).toMatchObject({ lane: { owner: 'bob' } })
    // As people write it, too.
    expect(await readJson(client, 'bus://lanes/db:migrations')).toMatchObject({ lane: { owner: 'bob' } })
    expect(await readJson(client, PLANS)).toMatchObject({ messages: [{ topic: 'plans for q3/é', body: 'none' }] })
    await bus.client.lanes.release({ lane: 'feeds', owner: 'ann' })
    expect(await readJson(client, 'bus://lanes/feeds')).toMatchObject({ lane: { state: 'free' } })
  })

  it.each([
    'bus://nothing',
    'bus://lanes/never-claimed',
    'bus://lanes/a/b',
    'bus://lanes/no%20lane',
    'bus://topics/%E0%A4%A',
    'bus://topics/%09',
  ])('are not found where there is none: %s', async (uri) => {
    const client = await start(await startBus())
    await expect(client.readResource({ uri })).rejects.toMatchObject({ code: -32602 })
  })

  it('complete the names of lanes and topics', async () => {
    const bus = await startBus()
    await bus.client.lanes.claim({ lane: 'feeds-refactor', owner: 'ann' })
    const client = await start(bus)
    const complete = async (uri: string, name: string, value: string) =>
      (await client.complete({ ref: { type: 'ref/resource', uri }, argument: { name, value } })).completion.values
    expect(await complete('bus://lanes/{lane}', 'lane', '')).toEqual(['db:migrations', 'feeds', 'feeds-refactor'])
    expect(await complete('bus://lanes/{lane}', 'lane', 'fe')).toEqual(['feeds', 'feeds-refactor'])
    expect(await complete('bus://lanes/{lane}', 'lane', 'db')).toEqual(['db:migrations'])
    expect(await complete('bus://lanes/{lane}', 'lane', 'feeds')).toEqual(['feeds-refactor'])
    expect(await complete('bus://lanes/{lane}', 'lane', 'no lane is called so')).toEqual([])
    expect(await complete('bus://topics/{topic}', 'topic', 'pl')).toEqual(['plans for q3/é'])
  })

  it('complete a hundred names at once, and say that there are more', async () => {
    const bus = await startTestBus()
    const lanes = Array.from({ length: 101 }, (_, index) => `lane-${index}`)
    for (const lane of lanes) await bus.client.lanes.claim({ lane, owner: 'ann' })
    const client = await start(bus)
    const ref = { type: 'ref/resource', uri: 'bus://lanes/{lane}' } as const
    const { completion } = await client.complete({ ref, argument: { name: 'lane', value: 'la' } })
    expect(completion).toEqual({ values: lanes.toSorted().slice(0, 100), total: 101, hasMore: true })
  })

  it('are told of when they change, and only those that were asked for', async () => {
    const bus = await startBus()
    const client = await start(bus)
    const uris = ['bus://lanes/feeds', 'bus://topics/converge', 'bus://lanes']
    const { told, stop } = await follow(client, era, uris)
    await untilFollowed(told, uris)
    await bus.client.lanes.claim({ lane: 'feeds', owner: 'ann' })
    await vi.waitFor(() => expect(told.toSorted()).toEqual(['bus://lanes', 'bus://lanes/feeds']), 5_000)

    told.length = 0
    await bus.client.messages.post({ topic: 'elsewhere', sender: 'ann', body: 'x' })
    await bus.client.messages.post({ topic: 'converge', sender: 'ann', body: 'merged' })
    await vi.waitFor(() => expect(told).toEqual(['bus://topics/converge']), 5_000)
    const { id } = await bus.client.messages.post({ topic: 'other', sender: 'ann', body: '!', action_flag: true })
    await bus.client.messages.ack({ id, sender: 'bob' })
    await bus.client.lanes.claim({ lane: 'db:migrations', owner: 'bob' })
    await vi.waitFor(() => expect(told).toEqual(['bus://topics/converge', 'bus://lanes']), 5_000)

    await stop()
    told.length = 0
    await bus.client.lanes.claim({ lane: 'feeds', owner: 'ann' })
    await bus.client.lanes.claim({ lane: 'feeds', owner: 'ann' })
    await client.listResources()
    expect(told).toEqual([])
  })
})

describe('the resources of an MCP server over stdio', () => {
  it.each<Era>(['legacy', 'modern'])(
    'wait for a bus that is away, and tell all that may have changed meanwhile (%s)',
    async (era) => {
      const bus = await startBus()
      const { client } = await connectStdio(era, { BUS_MCP_BASE_URL: bus.apiUrl })
      const { told } = await follow(client, era, ['bus://lanes/feeds', 'bus://status'])
      await untilFollowed(told, ['bus://lanes/feeds', 'bus://status'])
      await bus.close()
      const next = await startTestBus({ port: Number(new URL(bus.origin).port) })
      await next.client.lanes.claim({ lane: 'feeds', owner: 'bob' })
      await vi.waitFor(
        () => expect(told).toEqual(expect.arrayContaining(['bus://status', 'bus://lanes/feeds'])),
        15_000,
      )
    },
  )

  it('read nothing from a bus that is not there, in words', async () => {
    const { client } = await connectStdio('legacy', { BUS_MCP_BASE_URL: await findClosedUrl() })
    await expect(client.readResource({ uri: 'bus://status' })).rejects.toThrow(/no bus at .*connection refused/)
    const { resources } = await client.listResources()
    expect(resources.map(({ uri }) => uri)).toEqual(['bus://lanes', 'bus://status'])
  })
})

describe('a resource at an address where something else answers', () => {
  it('is not said to be missing: the address is wrong, in words', async () => {
    const { origin } = await startBus()
    const { client } = await connectStdio('legacy', { BUS_MCP_BASE_URL: origin })
    await expect(client.readResource({ uri: 'bus://lanes/feeds' })).rejects.toMatchObject({
      code: -32603,
      data: { code: 'route_not_found', hint: expect.stringContaining('Check BUS_MCP_BASE_URL') },
    })
  })

  it('is not what that says', async () => {
    const { baseUrl } = await startFakeServer(answerWith(200, '{"hello":"world"}'))
    const { client } = await connectStdio('legacy', { BUS_MCP_BASE_URL: baseUrl })
    await expect(client.readResource({ uri: 'bus://status' })).rejects.toThrow('what answered is no bus')
  })
})

describe('subscriptions in the revisions of 2025', () => {
  it('are refused for what is no resource', async () => {
    const bus = await startBus()
    const { client } = await connectStdio('legacy', { BUS_MCP_BASE_URL: bus.apiUrl })
    await expect(client.subscribeResource({ uri: 'bus://nothing' })).rejects.toThrow()
  })

  it('are refused without a session, for nobody could be told', async () => {
    const bus = await startBus()
    const body = { jsonrpc: '2.0', id: 1, method: 'resources/subscribe', params: { uri: 'bus://status' } }
    const response = await fetch(bus.mcpUrl, {
      method: 'POST',
      headers: { 'Content-Type': 'application/json', Accept: 'application/json, text/event-stream' },
      body: JSON.stringify(body),
    })
    expect(await response.text()).toContain('begin with initialize')
  })
})

describe('the feed', () => {
  it('asks the bus only while somebody is subscribed', async () => {
    const bus = await startBus()
    const asked: string[] = []
    const { createServer, request } = await import('node:http')
    const proxy = createServer((incoming, response) => {
      asked.push(incoming.url ?? '')
      const outgoing = request(
        {
          host: '127.0.0.1',
          port: new URL(bus.origin).port,
          path: incoming.url,
          headers: { ...incoming.headers, host: '127.0.0.1' },
        },
        (answer) => {
          response.writeHead(answer.statusCode ?? 500, answer.headers)
          answer.pipe(response)
        },
      )
      response.on('close', () => outgoing.destroy())
      outgoing.on('error', () => response.destroy())
      incoming.pipe(outgoing)
    })
    await new Promise<void>((done) => proxy.listen(0, '127.0.0.1', done))
    onTestFinished(() => {
      proxy.closeAllConnections()
      proxy.close()
    })
    const address = proxy.address()
    const port = typeof address === 'object' && address !== null ? address.port : 0
    const { client } = await connectStdio('legacy', { BUS_MCP_BASE_URL: `http://127.0.0.1:${port}/api/bus` })
    await client.listResources()
    expect(asked.filter((url) => url.includes('/events'))).toEqual([])
    const { told, stop } = await follow(client, 'legacy', ['bus://status'])
    await untilFollowed(told, ['bus://status'])
    await vi.waitFor(() => expect(asked.at(-1)).toContain('wait_s=50'))
    await stop()
    const count = asked.length
    await bus.client.lanes.claim({ lane: 'feeds', owner: 'ann' })
    await client.listTools()
    expect(asked.length).toBe(count)
  })
})
