import { describe, expect, it } from 'vitest'
import { startTestBus } from '../support/bus.ts'
import { findClosedUrl } from '../support/fake-server.ts'
import { connectStdio, mcpWays } from '../support/mcp.ts'

describe.each(mcpWays)('the prompts over $transport to a client of the $era era', ({ connect }) => {
  const start = async () => {
    const bus = await startTestBus()
    await bus.client.lanes.claim({ lane: 'feeds', owner: 'ann', note: 'splitting it' })
    const { client } = await connect({ bus, agentId: 'planner' })
    return client
  }

  it('are listed, with what they take', async () => {
    const { prompts } = await (await start()).listPrompts()
    expect(prompts.map(({ name, arguments: args }) => [name, args])).toEqual([
      [
        'handover',
        [
          { name: 'lane', description: 'The lane to hand over', required: true },
          { name: 'to', description: expect.any(String), required: false },
        ],
      ],
      ['coordinate', [{ name: 'task', description: expect.any(String), required: false }]],
      ['standup', [{ name: 'hours', description: expect.any(String), required: false }]],
    ])
  })

  it.each([
    ['coordinate', { task: 'split the feeds module' }, 'bus://status', 'Your task: split the feeds module'],
    ['standup', {}, 'bus://status', 'in the last 24 hours'],
    ['standup', { hours: '3' }, 'bus://status', 'in the last 3 hours'],
    ['standup', { hours: 'many' }, 'bus://status', 'in the last 24 hours'],
    ['handover', { lane: 'feeds', to: 'bob' }, 'bus://lanes/feeds', 'Hand the lane "feeds" over to the agent "bob"'],
  ] as const)('say what to do, with what the bus knows now: %s %j', async (name, args, uri, words) => {
    const { messages } = await (await start()).getPrompt({ name, arguments: args })
    expect(messages).toEqual([
      { role: 'user', content: { type: 'text', text: expect.stringContaining(words) } },
      {
        role: 'user',
        content: {
          type: 'resource',
          resource: { uri, mimeType: 'application/json', text: expect.stringContaining('splitting it') },
        },
      },
    ])
  })

  it('complete the names of lanes', async () => {
    const client = await start()
    const { completion } = await client.complete({
      ref: { type: 'ref/prompt', name: 'handover' },
      argument: { name: 'lane', value: 'f' },
    })
    expect(completion.values).toEqual(['feeds'])
  })

  it('are refused without what they need', async () => {
    const client = await start()
    await expect(client.getPrompt({ name: 'handover', arguments: {} })).rejects.toMatchObject({
      code: -32602,
      message: expect.stringContaining('lane is required: The lane to hand over'),
    })
  })

  it('say what is missing when a lane was never claimed', async () => {
    const { messages } = await (await start()).getPrompt({ name: 'handover', arguments: { lane: 'ne:ver' } })
    expect(messages[1]?.content).toMatchObject({
      type: 'text',
      text: expect.stringContaining('bus://lanes/ne%3Aver could not be read'),
    })
  })
})

describe('a prompt without a bus', () => {
  it('is still a prompt', async () => {
    const { client } = await connectStdio('legacy', { BUS_MCP_BASE_URL: await findClosedUrl() })
    const { messages } = await client.getPrompt({ name: 'coordinate' })
    expect(messages).toMatchObject([
      { content: { type: 'text', text: expect.stringContaining('claim_lane') } },
      { content: { type: 'text', text: expect.stringContaining('no bus at') } },
    ])
  })
})
