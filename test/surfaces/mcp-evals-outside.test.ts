import { describe, expect, it } from 'vitest'
import { createTempFolder, startTestBus } from '../support/bus.ts'
import { answerWith, findClosedUrl, startFakeServer } from '../support/fake-server.ts'
import { connectStdio } from '../support/mcp.ts'
import { startOldBus } from '../support/old-bus.ts'
import { startBusProcess } from '../support/process.ts'
import { createScriptedAgent } from '../support/scripted-agent.ts'

async function startAgent(baseUrl: string, env: Record<string, string> = {}) {
  const connection = await connectStdio('legacy', { BUS_MCP_BASE_URL: baseUrl, BUS_MCP_AGENT_ID: 'planner', ...env })
  return createScriptedAgent(connection, 'planner')
}

/** What only a person can mend is told to the person, and the agent then makes the call that it was told. */
describe('an agent that knows nothing but the tools and what refusals say gets, with its person, out of', () => {
  it('a bus that is not there', async () => {
    const baseUrl = await findClosedUrl()
    const agent = await startAgent(baseUrl)
    const refused = await agent.call('claim_lane', { lane: 'feeds' })
    expect(refused.error.message).toContain('Start the bus with "bus-mcp serve"')
    await startBusProcess(['--port', new URL(baseUrl).port, '--database-url', `sqlite:${createTempFolder()}/bus.db`])
    expect((await agent.follow()).fields).toMatchObject({ ok: true, lane: { owner: 'planner' } })
  })

  it('an armed bus whose secret it was not given', async () => {
    const bus = await startTestBus({ writeSecret: 'open sesame' })
    const agent = await startAgent(bus.apiUrl)
    const refused = await agent.call('post_message', { topic: 'converge', body: 'hello' })
    expect(refused.error).toMatchObject({
      code: 'write_secret_required',
      hint: expect.stringMatching(
        /BUS_WRITE_SECRET.*Next: post_message\(topic="converge", body="hello"\) after the person who runs you has set it/,
      ),
    })
    expect((await agent.call('read_messages')).fields).toMatchObject({ ok: true })
    const armed = await startAgent(bus.apiUrl, { BUS_WRITE_SECRET: 'open sesame' })
    expect((await armed.call(refused.tool, refused.args)).fields).toMatchObject({ ok: true, id: 1 })
  })

  it('an answer that was lost, without saying the same twice', async () => {
    const { baseUrl, port, close } = await startFakeServer((request) => request.socket.destroy())
    const agent = await startAgent(baseUrl)
    const lost = await agent.call('post_message', { topic: 'converge', body: 'hello' })
    expect(lost.error).toMatchObject({ type: 'bus_unreachable', outcome_unknown: true })
    await close()
    const bus = await startTestBus({ port })
    await bus.client.messages.post({ topic: 'converge', sender: 'planner', body: 'hello' })
    const looked = await agent.follow()
    expect(looked).toMatchObject({ tool: 'read_messages', args: { topic: 'converge' } })
    expect(looked.fields.messages).toMatchObject([{ sender: 'planner', body: 'hello' }])
  })

  it('a store that does not accept the change for the moment', async () => {
    const body = JSON.stringify({
      detail: 'the disk is full',
      code: 'store_unavailable',
      request_id: 'x',
      retry_after_ms: 1,
    })
    const { baseUrl, port, close } = await startFakeServer(answerWith(503, body))
    const agent = await startAgent(baseUrl)
    await agent.call('claim_lane', { lane: 'feeds', lease_s: 60 })
    await close()
    await startTestBus({ port })
    expect((await agent.follow()).fields).toMatchObject({ ok: true, lease_s: 60 })
  })

  it('a base URL at which something else answers', async () => {
    const { baseUrl } = await startFakeServer(answerWith(404, 'not found', 'text/plain'))
    const refused = await (await startAgent(baseUrl)).call('get_bus_status')
    expect(refused.error.hint).toContain('Check BUS_MCP_BASE_URL: the base URL of a bus usually ends in /api/bus.')
  })

  it('the conflicts of an old bus, which has no codes', async () => {
    const { apiUrl } = await startOldBus()
    const builder = await startAgent(apiUrl, { BUS_MCP_AGENT_ID: 'builder' })
    await builder.call('claim_lane', { lane: 'feeds' })
    const agent = await startAgent(apiUrl)
    await agent.call('heartbeat_lane', { lane: 'feeds' })
    const refused = await agent.follow()
    expect(refused).toMatchObject({ tool: 'claim_lane', args: { lane: 'feeds', wait_s: 55 }, isError: true })
    await agent.follow(1)
    const { messages } = (await builder.call('read_messages')).fields
    expect(messages).toMatchObject([{ topic: 'feeds', sender: 'planner' }])
  })
})
