import { encode } from 'gpt-tokenizer/encoding/o200k_base'
import { describe, expect, it } from 'vitest'
import { startTestBus } from '../support/bus.ts'
import { mcpWays, type ToolClient } from '../support/mcp.ts'

/**
 * What every session pays before it has done anything, in tokens of o200k. Each figure is of the JSON that a client gets;
 * the files beside the test hold them, so that a change of a tool is seen in its price.
 */
const MAX_LIST_TOKENS = 1_000
const MAX_INSTRUCTIONS = 1_500
/** The whole blackboard at a glance: 20 messages of a sentence each. */
const MAX_READ_TOKENS = 1_500

function countTokens(value: unknown): number {
  return encode(typeof value === 'string' ? value : JSON.stringify(value)).length
}

async function measure({ client }: ToolClient) {
  const { tools } = await client.listTools()
  return {
    tools,
    tokens: {
      ...Object.fromEntries(tools.map((tool) => [tool.name, countTokens(tool)])),
      'tools/list': countTokens({ tools }),
      instructions: countTokens(client.getInstructions() ?? ''),
    },
  }
}

describe.each(mcpWays)('what the tools cost over $transport in the $era era', ({ transport, connect }) => {
  it('is what the files say, tool by tool', async () => {
    const { tools, tokens } = await measure(await connect({ bus: await startTestBus(), agentId: 'planner' }))
    for (const tool of tools) {
      await expect(toText(tool)).toMatchFileSnapshot(`tools/${transport.toLowerCase()}/${tool.name}.json`)
    }
    await expect(toText(tokens)).toMatchFileSnapshot(`tools/${transport.toLowerCase()}/tokens.json`)
  })

  it('stays within its bounds', async () => {
    const connection = await connect({ bus: await startTestBus(), agentId: 'planner' })
    const { tools, tokens } = await measure(connection)
    expect(tools).toHaveLength(6)
    expect(tokens['tools/list']).toBeGreaterThan(100)
    expect(tokens['tools/list']).toBeLessThanOrEqual(MAX_LIST_TOKENS)
    for (const { name, description } of tools) expect(description?.length, name).toBeLessThanOrEqual(400)
    expect(connection.client.getInstructions()?.length).toBeLessThanOrEqual(MAX_INSTRUCTIONS)
  })

  it('is small for what is read most: 20 of many messages, and the status of a busy bus', async () => {
    const bus = await startTestBus()
    const { call } = await connect({ bus, agentId: 'planner' })
    for (let n = 1; n <= 30; n += 1) {
      const body = `step ${n}: the importer reads the new format; two fixtures still fail, see the branch feeds-${n}`
      await bus.client.messages.post({ topic: 'converge', sender: `agent-${n % 5}`, body })
      await bus.client.lanes.claim({ lane: `part-${n}`, owner: `agent-${n % 5}`, note: `rewriting part ${n}` })
    }
    const read = await call('read_messages')
    expect(read.fields).toMatchObject({ messages: { length: 20 }, more: true, next_since_id: 30 })
    expect(countTokens(read.fields)).toBeLessThanOrEqual(MAX_READ_TOKENS)
    const concise = countTokens((await call('get_bus_status')).fields)
    const full = countTokens((await call('get_bus_status', { detail: 'full' })).fields)
    expect(concise).toBeLessThan(full / 2)
  })
})

function toText(value: unknown): string {
  return `${JSON.stringify(value, null, 2)}\n`
}
