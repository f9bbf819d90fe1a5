/** What the stories share: a bus of their own, agents with an MCP server each, and a judge of what happens. */
import { spawn } from 'node:child_process'
import { once } from 'node:events'
import { existsSync, mkdtempSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { createInterface } from 'node:readline'
import { Client } from '@modelcontextprotocol/client'
import { StdioClientTransport } from '@modelcontextprotocol/client/stdio'
// In a program of your own: from 'bus-mcp/client'.
import { type BusClient, createBusClient } from '../src/client/index.ts'

export const BUS_MCP = join(import.meta.dirname, '../dist/main.js')

/** A tool's answer, as far as the stories read it. */
export interface Answer {
  readonly ok: boolean
  readonly id?: number
  readonly decision?: string
  readonly lane?: { readonly owner: string; readonly fence: number }
  readonly messages?: readonly { readonly id: number; readonly sender: string; readonly body: string }[]
  readonly error?: { readonly code: string; readonly detail: string }
}

/** An agent, as Claude Code or Codex would be: an MCP client with a `bus-mcp` process of its own. */
export interface Agent {
  readonly name: string
  call(tool: string, args: Record<string, unknown>): Promise<Answer>
}

export interface Stage {
  readonly baseUrl: string
  /** For what is no agent: a program, a person. */
  readonly bus: BusClient
  /** Leaves at the end of the story. */
  enter(name: string): Promise<Agent>
}

export function say(text: string): void {
  console.log(text)
}

/** Without the settings of your own bus, which has no part in this. */
export function cleanEnvironment(): NodeJS.ProcessEnv {
  return Object.fromEntries(Object.entries(process.env).filter(([name]) => !name.startsWith('BUS_')))
}

/** Ends the story when it does not go as told. */
export function check(condition: boolean, promise: string): void {
  if (!condition) throw new Error(`the story went wrong: ${promise}`)
}

/** Plays a story on a bus on a free port with a database of its own, and ends all that was started. */
export async function play(tell: (stage: Stage) => Promise<void>): Promise<void> {
  if (!existsSync(BUS_MCP)) await (await import('../scripts/bundle.ts')).bundle()
  const folder = mkdtempSync(join(tmpdir(), 'bus-mcp-story-'))
  const toEnd: (() => Promise<unknown>)[] = []
  try {
    const database = `sqlite:${join(folder, 'bus.db')}`
    const args = [BUS_MCP, 'serve', '--port', '0', '--database-url', database]
    const bus = spawn(process.execPath, args, {
      env: cleanEnvironment(),
      stdio: ['ignore', 'pipe', 'inherit'],
    })
    const ended = once(bus, 'close')
    toEnd.unshift(async () => {
      bus.kill()
      await ended
    })
    const baseUrl = await findBaseUrl(createInterface({ input: bus.stdout }))
    await tell({
      baseUrl,
      bus: createBusClient({ baseUrl }),
      enter: async (name) => {
        const { agent, leave } = await enter(name, baseUrl)
        toEnd.unshift(leave)
        return agent
      },
    })
  } finally {
    for (const end of toEnd) await end()
    // Windows lets go of a killed process's files a moment later.
    rmSync(folder, { recursive: true, force: true, maxRetries: 10, retryDelay: 50 })
  }
}

async function findBaseUrl(lines: AsyncIterable<string>): Promise<string> {
  for await (const line of lines) {
    const origin = /listening on (\S+)/.exec(line)?.[1]
    if (origin !== undefined) return `${origin}/api/bus`
  }
  throw new Error('the bus did not start')
}

async function enter(name: string, baseUrl: string): Promise<{ agent: Agent; leave: () => Promise<void> }> {
  const env = { BUS_MCP_BASE_URL: baseUrl, BUS_MCP_AGENT_ID: name }
  const client = new Client({ name, version: '1.0.0' })
  await client.connect(new StdioClientTransport({ command: process.execPath, args: [BUS_MCP], env }))
  const call: Agent['call'] = async (tool, args) => {
    const { structuredContent } = await client.callTool({ name: tool, arguments: args })
    return structuredContent as unknown as Answer // As the tools' output schemas promise; `check` looks at the rest.
  }
  return { agent: { name, call }, leave: () => client.close() }
}
