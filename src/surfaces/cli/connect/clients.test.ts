import { join } from 'node:path'
import { describe, expect, it } from 'vitest'
import { AGENT_HEADER, SECRET_HEADER, STANDARD_BASE_URL } from '../../../core/wire.ts'
import { type Client, clients, type Scope } from './clients.ts'
import { findAddressProblem, type Target, toMcpUrl } from './target.ts'

const PROGRAM = 'C:\\Users\\Ada Lovelace\\bus\\dist\\main.js'
const plain: Target = {
  name: 'bus',
  programPath: PROGRAM,
  baseUrl: STANDARD_BASE_URL,
  isHttp: false,
  agentId: undefined,
  hasSecret: false,
}
const full: Target = { ...plain, baseUrl: 'http://10.0.0.7:8200/api/bus', agentId: 'planner', hasSecret: true }
const address = { BUS_MCP_AGENT_ID: 'planner', BUS_MCP_BASE_URL: 'http://10.0.0.7:8200/api/bus' }
const url = 'http://10.0.0.7:8200/mcp'

function getClient(name: string): Client {
  const client = clients[name]
  if (!client) throw new Error(`no client ${name}`)
  return client
}

function listPaths(name: string, env: Record<string, string> = {}): [Scope, string][] {
  const places = { home: 'home', folder: 'project', env }
  return getClient(name).files.map(([scope, toPath]) => [scope, toPath(places)])
}

describe('the file of a client', () => {
  it.each([
    [
      'claude',
      [
        ['project', join('project', '.mcp.json')],
        ['user', join('home', '.claude.json')],
      ],
    ],
    [
      'codex',
      [
        ['user', join('home', '.codex', 'config.toml')],
        ['project', join('project', '.codex', 'config.toml')],
      ],
    ],
    [
      'cursor',
      [
        ['user', join('home', '.cursor', 'mcp.json')],
        ['project', join('project', '.cursor', 'mcp.json')],
      ],
    ],
    ['vscode', [['project', join('project', '.vscode', 'mcp.json')]]],
    [
      'gemini',
      [
        ['user', join('home', '.gemini', 'settings.json')],
        ['project', join('project', '.gemini', 'settings.json')],
      ],
    ],
  ])('is where %s looks, the standard scope first', (name, paths) => {
    expect(listPaths(name)).toEqual(paths)
  })

  it('is elsewhere where the client was told so', () => {
    expect(listPaths('claude', { CLAUDE_CONFIG_DIR: 'own' })).toContainEqual(['user', join('own', '.claude.json')])
    expect(listPaths('codex', { CODEX_HOME: 'own' })).toContainEqual(['user', join('own', 'config.toml')])
  })

  it('is known for every client that there is', () => {
    expect(Object.keys(clients)).toEqual(['claude', 'codex', 'cursor', 'vscode', 'gemini'])
  })
})

describe('the entry of a client', () => {
  const command = { command: 'node', args: [PROGRAM] }
  it.each([
    ['claude', { type: 'stdio', ...command }],
    ['codex', command],
    ['cursor', { type: 'stdio', ...command }],
    ['vscode', { type: 'stdio', ...command }],
    ['gemini', command],
  ])('of %s starts the program, and says no more than it must', (name, entry) => {
    expect(getClient(name).toEntry(plain)).toEqual(entry)
  })

  it.each([
    ['claude', { type: 'stdio', ...command, env: { ...address, BUS_WRITE_SECRET: `\${BUS_WRITE_SECRET}` } }],
    ['codex', { ...command, env_vars: ['BUS_WRITE_SECRET'], env: address }],
    ['cursor', { type: 'stdio', ...command, env: { ...address, BUS_WRITE_SECRET: `\${env:BUS_WRITE_SECRET}` } }],
    ['vscode', { type: 'stdio', ...command, env: { ...address, BUS_WRITE_SECRET: `\${input:bus-write-secret}` } }],
    ['gemini', { ...command, env: { ...address, BUS_WRITE_SECRET: '$BUS_WRITE_SECRET' } }],
  ])('of %s names the agent, the bus and, in its own way, the secret', (name, entry) => {
    expect(getClient(name).toEntry(full)).toEqual(entry)
  })

  const standard = 'http://127.0.0.1:8100/mcp'
  it.each([
    ['claude', { type: 'http', url: standard }],
    ['codex', { url: standard }],
    ['cursor', { url: standard }],
    ['vscode', { type: 'http', url: standard }],
    ['gemini', { httpUrl: standard }],
  ])('of %s leads to /mcp of the bus over HTTP', (name, entry) => {
    expect(getClient(name).toEntry({ ...plain, isHttp: true })).toEqual(entry)
  })

  const agent = { 'X-Bus-Agent': 'planner' }
  it.each([
    ['claude', { type: 'http', url, headers: { ...agent, 'X-Bus-Secret': `\${BUS_WRITE_SECRET}` } }],
    ['codex', { url, http_headers: agent, env_http_headers: { 'X-Bus-Secret': 'BUS_WRITE_SECRET' } }],
    ['cursor', { url, headers: { ...agent, 'X-Bus-Secret': `\${env:BUS_WRITE_SECRET}` } }],
    ['vscode', { type: 'http', url, headers: { ...agent, 'X-Bus-Secret': `\${input:bus-write-secret}` } }],
    ['gemini', { httpUrl: url, headers: { ...agent, 'X-Bus-Secret': '$BUS_WRITE_SECRET' } }],
  ])('of %s sends over HTTP who acts and, in its own way, the secret', (name, entry) => {
    expect(getClient(name).toEntry({ ...full, isHttp: true })).toEqual(entry)
    expect(Object.keys(agent)[0]?.toLowerCase()).toBe(AGENT_HEADER)
    expect(JSON.stringify(entry).toLowerCase()).toContain(`"${SECRET_HEADER}"`)
  })

  it('of VS Code comes with the question for the secret, where there is one', () => {
    const question = {
      type: 'promptString',
      id: 'bus-write-secret',
      description: 'BUS_WRITE_SECRET of the bus',
      password: true,
    }
    expect(getClient('vscode').toInputs?.(full)).toEqual([question])
    expect(getClient('vscode').toInputs?.(plain)).toEqual([])
  })
})

describe('the address of a bus', () => {
  it.each([
    ['http://127.0.0.1:8100/api/bus', undefined],
    ['https://bus.example.org/api/bus', undefined],
    ['127.0.0.1:8100', 'must begin with http://'],
    ['ftp://127.0.0.1/api/bus', 'must begin with http://'],
    ['http://ada:secret@127.0.0.1:8100/api/bus', 'holds a password'],
    ['unix:/run/user/1000/bus.sock', undefined],
    ['unix:bus.sock', 'must be an absolute path'],
  ])('%s: %s', (baseUrl, problem) => {
    const found = findAddressProblem({ baseUrl, isHttp: false })
    if (problem === undefined) expect(found).toBeUndefined()
    else expect(found).toContain(problem)
    expect(found ?? '').not.toContain('secret')
  })
})

describe('a bus on a socket', () => {
  it('is asked by no client itself', () => {
    const found = findAddressProblem({ baseUrl: 'unix:/run/user/1000/bus.sock', isHttp: true })
    expect(found).toContain('leave --http out')
  })
})

describe('the address of MCP', () => {
  it.each([
    ['http://127.0.0.1:8100/api/bus', 'http://127.0.0.1:8100/mcp'],
    ['https://bus.example/team/api/bus', 'https://bus.example/team/mcp'],
    ['https://bus.example/other', 'https://bus.example/mcp'],
  ])('is beside the API: %s', (baseUrl, mcpUrl) => {
    const target = { name: 'bus', programPath: '', baseUrl, isHttp: true, agentId: undefined, hasSecret: false }
    expect(toMcpUrl(target)).toBe(mcpUrl)
  })
})
