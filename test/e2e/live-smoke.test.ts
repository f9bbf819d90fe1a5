import { describe, expect, it } from 'vitest'
import { readClientConfig } from '../../src/config.ts'
import { connectStdio, toFields } from '../support/mcp.ts'

const { env } = process
const isLive = env.BUS_MCP_LIVE === '1'
const subject = isLive ? 'the bus at BUS_MCP_BASE_URL' : 'the bus at BUS_MCP_BASE_URL (skipped: BUS_MCP_LIVE is not 1)'

// Reads only: the bus that is asked here is somebody's own.
describe.skipIf(!isLive)(subject, () => {
  const connect = () => {
    const { baseUrl, timeoutSeconds } = readClientConfig({ env, flags: {} }, (problem) => {
      throw new Error(problem)
    })
    return connectStdio('legacy', { BUS_MCP_BASE_URL: baseUrl, BUS_MCP_TIMEOUT_S: String(timeoutSeconds) })
  }

  it('answers get_bus_status with the rollup', async () => {
    const { call } = await connect()
    const { fields, error } = await call('get_bus_status')
    expect(error).toEqual({})
    for (const list of ['active_lanes', 'orphaned_claims', 'recent_messages', 'pending_action_flags']) {
      expect(Array.isArray(fields[list]), list).toBe(true)
    }
    expect(toFields(fields._meta).arms_nothing).toBe(true)
  })

  it('answers read_messages with the newest first, and with one topic only when asked', async () => {
    const { call } = await connect()
    const { fields, error } = await call('read_messages', { limit: 5 })
    expect(error).toEqual({})
    const messages = Array.isArray(fields.messages) ? fields.messages.map(toFields) : []
    const ids = messages.map(({ id }) => Number(id))
    expect(ids).toEqual(ids.toSorted((one, other) => other - one))
    const [newest] = messages
    if (!newest) return
    const ofTopic = await call('read_messages', { topic: newest.topic, limit: 5 })
    expect(ofTopic.fields.messages).toContainEqual(newest)
  })
})
