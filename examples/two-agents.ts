/**
 * Two agents and one bus: who may change the feeds, and when.
 *
 * Two MCP clients stand for two agents, as Claude Code or Codex would be; each has its own `bus-mcp` process, and both
 * processes speak to one bus. Run it with `node --import tsx examples/two-agents.ts`.
 */
import { spawn } from 'node:child_process'
import { once } from 'node:events'
import { existsSync, mkdtempSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { createInterface } from 'node:readline'
import { Client } from '@modelcontextprotocol/client'
import { StdioClientTransport } from '@modelcontextprotocol/client/stdio'

const BUS_MCP = join(import.meta.dirname, '../dist/main.js')
const LANE = 'feeds-refactor'

/** The part of the tools' answers that this story reads. */
interface Answer {
  readonly ok: boolean
  readonly decision?: string
  readonly lane?: { readonly owner: string; readonly fence: number }
  readonly messages?: readonly { readonly id: number; readonly sender: string; readonly body: string }[]
  readonly next_since_id?: number
  readonly error?: { readonly code: string; readonly detail: string; readonly retry_after_ms: number }
}

interface Agent {
  readonly name: string
  call(tool: string, args: Record<string, unknown>): Promise<Answer>
  leave(): Promise<void>
}

function say(text: string): void {
  console.log(text)
}

/** Ends the story when it does not go as told. */
function check(condition: boolean, promise: string): void {
  if (!condition) throw new Error(`the story went wrong: ${promise}`)
}

/** As `bus-mcp serve` on a free port, with a database of its own. */
async function startBus(folder: string): Promise<{ baseUrl: string; stop: () => Promise<void> }> {
  const args = [BUS_MCP, 'serve', '--port', '0', '--database-url', `sqlite:${join(folder, 'bus.db')}`]
  const bus = spawn(process.execPath, args, { stdio: ['ignore', 'pipe', 'inherit'] })
  const ended = once(bus, 'close')
  const stop = async () => {
    bus.kill()
    await ended
  }
  for await (const line of createInterface({ input: bus.stdout })) {
    const origin = /listening on (\S+)/.exec(line)?.[1]
    if (origin !== undefined) return { baseUrl: `${origin}/api/bus`, stop }
  }
  throw new Error('the bus did not start')
}

/** As an MCP client does with the lines of its configuration: a command, and an environment that names the agent. */
async function enter(name: string, baseUrl: string): Promise<Agent> {
  const env = { BUS_MCP_BASE_URL: baseUrl, BUS_MCP_AGENT_ID: name }
  const client = new Client({ name, version: '1.0.0' })
  await client.connect(new StdioClientTransport({ command: process.execPath, args: [BUS_MCP], env }))
  return {
    name,
    call: async (tool, args) => {
      const { structuredContent } = await client.callTool({ name: tool, arguments: args })
      return structuredContent as unknown as Answer // As the tools' output schemas promise; `check` looks at the rest.
    },
    leave: () => client.close(),
  }
}

async function tellStory(planner: Agent, builder: Agent): Promise<void> {
  const claimed = await planner.call('claim_lane', { lane: LANE, lease_s: 120, note: 'moving the parser' })
  check(claimed.ok && claimed.decision === 'claim', 'a free lane goes to the first who claims it')
  say(`planner claims the lane ${LANE} and gets it for 120 seconds, with fence ${claimed.lane?.fence}.`)

  const refused = await builder.call('claim_lane', { lane: LANE })
  check(!refused.ok && refused.error?.code === 'lane_held', 'a lane that is held is refused to others')
  check(refused.error?.detail.includes(`held by 'planner' (lease`) === true, 'a refusal says who holds it and how long')
  say(`builder claims it too and is refused: ${refused.error?.detail}.`)

  await builder.call('post_message', { topic: LANE, body: 'How long do you need the feeds?' })
  say('builder asks on the blackboard under the topic of the lane, instead of waiting for the lease to end.')

  const asked = await planner.call('read_messages', { topic: LANE, since_id: 0 })
  const [question] = asked.messages ?? []
  check(question?.sender === 'builder', 'who reads on from a cursor sees what came since')
  say(`planner reads what is new: message ${question?.id}, ${question?.sender}: "${question?.body}"`)

  await planner.call('post_message', { topic: LANE, body: 'I am done, it is yours.' })
  await planner.call('release_lane', { lane: LANE })
  say('planner answers and releases the lane.')

  const answered = await builder.call('read_messages', { topic: LANE, since_id: question?.id })
  const [answer, ...more] = answered.messages ?? []
  check(answer?.sender === 'planner' && more.length === 0, 'a cursor skips nothing and repeats nothing')
  say(`builder reads on from message ${question?.id}: ${answer?.sender}: "${answer?.body}"`)

  const taken = await builder.call('claim_lane', { lane: LANE, note: 'adding the second feed' })
  check(taken.ok && taken.lane?.owner === 'builder', 'a released lane goes to the next who claims it')
  check(taken.lane?.fence === 2, 'the fence rises with every change of hands')
  say(`builder claims the lane again and gets it, with fence ${taken.lane?.fence}.`)

  const released = await builder.call('release_lane', { lane: LANE })
  check(released.decision === 'released', 'who holds a lane can release it')
  say('builder does its work and releases the lane.')
}

async function main(): Promise<void> {
  if (!existsSync(BUS_MCP)) (await import('../scripts/bundle.ts')).bundle()
  const folder = mkdtempSync(join(tmpdir(), 'two-agents-'))
  const toEnd: (() => Promise<void>)[] = []
  try {
    const bus = await startBus(folder)
    toEnd.unshift(bus.stop)
    say(`The bus answers at ${bus.baseUrl}.`)
    const planner = await enter('planner', bus.baseUrl)
    toEnd.unshift(planner.leave)
    const builder = await enter('builder', bus.baseUrl)
    toEnd.unshift(builder.leave)
    say('planner and builder are connected, each over its own MCP server.')
    await tellStory(planner, builder)
  } finally {
    for (const end of toEnd) await end()
    // Windows lets go of a killed process's files a moment later.
    rmSync(folder, { recursive: true, force: true, maxRetries: 10, retryDelay: 50 })
  }
  say('Both have left and the bus has ended.')
}

await main()
