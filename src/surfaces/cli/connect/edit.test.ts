import { describe, expect, it } from 'vitest'
import { mergeEntry } from './edit.ts'

const stdio = {
  type: 'stdio',
  command: 'node',
  args: ['/opt/bus-mcp/dist/main.js'],
  env: { BUS_MCP_AGENT_ID: 'planner' },
}

describe('a former entry', () => {
  it('keeps what the person added to it', () => {
    const former = {
      command: 'node',
      args: ['/old/dist/main.js'],
      env: { BUS_MCP_READ_ONLY: '1', BUS_MCP_AGENT_ID: 'old' },
      disabled: true,
      startup_timeout_sec: 20n,
    }
    expect(mergeEntry(former, stdio)).toEqual({
      ...stdio,
      env: { BUS_MCP_READ_ONLY: '1', BUS_MCP_AGENT_ID: 'planner' },
      disabled: true,
      startup_timeout_sec: 20n,
    })
  })

  it('keeps its variables also where the new one has none', () => {
    const { env, ...bare } = stdio
    expect(mergeEntry(stdio, bare)).toEqual({ ...bare, env })
  })

  it('keeps what it hands on', () => {
    const former = { ...stdio, env_vars: ['HOME'] }
    expect(mergeEntry(former, { ...stdio, env_vars: ['BUS_WRITE_SECRET'] })).toMatchObject({
      env_vars: ['HOME', 'BUS_WRITE_SECRET'],
    })
  })

  it('loses what belongs to the other way to the bus', () => {
    const http = { type: 'http', url: 'http://127.0.0.1:8100/mcp', headers: { 'X-Bus-Agent': 'planner' } }
    expect(mergeEntry({ ...stdio, timeout: 5 }, http)).toEqual({ ...http, timeout: 5 })
    expect(mergeEntry({ ...http, headers: { 'X-Bus-Read-Only': '1' } }, http)).toMatchObject({
      headers: { 'X-Bus-Read-Only': '1', 'X-Bus-Agent': 'planner' },
    })
    expect(mergeEntry(http, stdio)).toEqual(stdio)
  })

  it.each([
    { command: 'npx', args: ['-y', 'mcp-omnibus'], env: { TOKEN: 'x' } },
    { url: 'https://bus.example/timetable', headers: { A: 'b' } },
    'nonsense',
    undefined,
  ])('of another server leaves nothing behind: %j', (former) => {
    expect(mergeEntry(former, stdio)).toEqual(stdio)
  })
})
