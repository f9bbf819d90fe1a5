import { join } from 'node:path'
import { describe, expect, it } from 'vitest'
import { operations } from '../../src/product.ts'
import { hookEvents } from '../../src/surfaces/cli/hook/event.ts'
import { readLaneMap } from '../../src/surfaces/cli/hook/lane-map.ts'
import { startTestBus } from '../support/bus.ts'
import { createRepository } from '../support/hooks.ts'
import { readBlocks } from '../support/pages.ts'
import { runInShell } from '../support/shell.ts'

interface Settings {
  readonly hooks: Readonly<Record<string, readonly Matcher[]>>
}

interface Matcher {
  readonly matcher?: string
  readonly hooks: readonly { readonly type: string; readonly command: string; readonly timeout: number }[]
}

const [servers = '', laneMap = '', pasted = ''] = readBlocks('docs/guide/hooks.md', 'json')
const settings: Settings = JSON.parse(pasted)

/** Runs a command of the settings as Claude Code does, with the event on standard input. */
function runAsPasted(event: string, fields: object, env: Record<string, string>) {
  const command = settings.hooks[event]?.[0]?.hooks[0]?.command ?? ''
  return runInShell(command, env, JSON.stringify({ session_id: 'a', hook_event_name: event, ...fields }))
}

describe('the settings in docs/guide/hooks.md', () => {
  it('name each hook once, under its event, with more time than the hook takes', () => {
    const found = Object.entries(settings.hooks).map(([event, matchers]) => {
      const [matcher, ...others] = matchers
      const [hook, ...more] = matcher?.hooks ?? []
      expect([others, more]).toEqual([[], []])
      expect(hook?.type).toBe('command')
      expect(hook?.timeout).toBeGreaterThan(5)
      return [hook?.command.replace('bus-mcp hook ', ''), event]
    })
    expect(Object.fromEntries(found)).toEqual(hookEvents)
  })

  it('watch every tool that changes files', () => {
    const matcher = new RegExp(`^(?:${settings.hooks.PreToolUse?.[0]?.matcher})$`)
    for (const tool of ['Edit', 'MultiEdit', 'Write', 'NotebookEdit']) expect(tool).toMatch(matcher)
    for (const tool of ['Read', 'Bash', 'mcp__bus__claim_lane']) expect(tool).not.toMatch(matcher)
  })

  it('run as they are: an agent is told, refused, and its lanes are released', async () => {
    const bus = await startTestBus()
    await bus.client.lanes.claim({ lane: 'feeds-refactor', owner: 'builder' })
    await bus.client.lanes.claim({ lane: 'docs', owner: 'planner', session: 'planner' })
    const { folder: cwd, write } = createRepository(laneMap)
    const env = { BUS_MCP_BASE_URL: bus.apiUrl, BUS_MCP_AGENT_ID: 'planner', BUS_MCP_SESSION: 'planner' }

    const begun = await runAsPasted('SessionStart', { cwd, source: 'startup' }, env)
    expect(begun).toMatchObject({ exitCode: 0, stderr: '' })
    expect(JSON.parse(begun.stdout).hookSpecificOutput.additionalContext).toContain('"you_hold":"docs"')

    const edit = { cwd, tool_name: 'Edit', tool_input: { file_path: write('src/feeds/parse.ts') } }
    const refused = await runAsPasted('PreToolUse', edit, env)
    expect(refused).toMatchObject({ exitCode: 0, stderr: '' })
    expect(JSON.parse(refused.stdout).hookSpecificOutput.permissionDecision).toBe('deny')

    const ended = await runAsPasted('SessionEnd', { cwd, reason: 'other' }, env)
    expect(ended).toEqual({ exitCode: 0, stdout: '', stderr: '' })
    expect((await bus.client.lanes.get({ lane: 'docs' })).lane.state).toBe('free')
    const { messages } = await bus.client.messages.read({ topic: 'sessions', since_id: 0 })
    expect(messages.map(({ body }) => body)).toEqual([
      expect.stringContaining('planner has begun a session'),
      'planner has ended its session (other); released docs',
    ])
  })
})

describe('the other files in docs/guide/hooks.md', () => {
  it('can be used: a .bus.json, and servers that are given the name of the agent and its session', () => {
    const { folder } = createRepository(laneMap)
    expect(readLaneMap(join(folder, '.bus.json'), operations).entries).toHaveLength(2)
    const { bus } = JSON.parse(servers).mcpServers
    expect(bus.command).toBe('bus-mcp')
    expect(Object.keys(bus.env)).toEqual(['BUS_MCP_AGENT_ID', 'BUS_MCP_SESSION'])
  })
})
