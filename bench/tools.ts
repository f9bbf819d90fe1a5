/** What does a tool call of an agent cost, over stdio and over HTTP, beside the plain HTTP call that it makes? */
import { join } from 'node:path'
import type { Client } from '@modelcontextprotocol/client'
import { bundleOne } from '../scripts/bundle.ts'
import { type BusClient, createBusClient } from '../src/client/index.ts'
import { MAIN } from './support/bus-process.ts'
import { connectHttp, connectStdio } from './support/mcp-clients.ts'
import { type Figures, sample, timed } from './support/measure.ts'
import { type Answer, type Budget, cost, type Ratio, type Target } from './support/question.ts'
import { type RawStdio, startRawStdio } from './support/raw-stdio.ts'
import { type BusPlace, type Workplace, withWorkplace } from './support/servers.ts'

export const asks = 'What does a tool call cost over stdio and over HTTP, beside the plain HTTP call?'

export const targets: readonly Target[] = ['post', 'read'].flatMap((name) =>
  ['raw', 'client'].map(
    (beside): Target => ({
      name: `${name}.stdio.over.${beside}`,
      says: `p50 of a ${name} by tool over stdio, beyond that ${beside === 'raw' ? 'over bare HTTP' : 'of our own client'}`,
      atMost: 0.3,
    }),
  ),
)

const CALLS = 150
const MESSAGE = { topic: 'bench', sender: 'bench', body: 'x'.repeat(200) }
const PAGE = { topic: 'bench', limit: 5 }

export function run({ rounds }: Budget): Promise<Answer> {
  return withWorkplace(async (workplace) => {
    const bus = await workplace.startBus()
    const ways = await openWays(workplace, bus)
    const posts = await measureCalls(ways, CALLS * rounds, {
      request: bus.toRequest('POST', '/api/bus/message', MESSAGE),
      own: (client) => client.messages.post(MESSAGE),
      tool: 'post_message',
      args: MESSAGE,
    })
    const reads = await measureCalls(ways, CALLS * rounds, {
      request: bus.toRequest('GET', '/api/bus/messages?topic=bench&limit=5'),
      own: (client) => client.messages.read(PAGE),
      tool: 'read_messages',
      args: PAGE,
    })
    return {
      sections: [
        { title: 'post one message', figures: posts.all },
        { title: 'read five messages', figures: reads.all },
      ],
      ratios: [...toRatios('post', posts), ...toRatios('read', reads)],
      notes: [
        'one call of each in turn. bare tool: a server of the SDK that answers what it was told, asked by lines as ours is;',
        'through the SDK: with its client, whose own time is in it',
      ],
    }
  })
}

interface Ways {
  readonly raw: (request: Buffer) => Promise<unknown>
  readonly own: BusClient
  readonly bare: RawStdio
  readonly stdio: RawStdio
  readonly sdkStdio: Client
  readonly sdkHttp: Client
}

async function openWays(workplace: Workplace, bus: BusPlace): Promise<Ways> {
  const load = await bus.open(1)
  workplace.atEnd(load.close)
  const bareFile = join(workplace.folder, 'bare-mcp.mjs')
  await bundleOne('bench/support/bare-server.ts', bareFile)
  const bare = await startRawStdio(bareFile)
  workplace.atEnd(bare.stop)
  const stdio = await startRawStdio(MAIN, { BUS_MCP_BASE_URL: bus.apiUrl, BUS_MCP_AGENT_ID: 'bench' })
  workplace.atEnd(stdio.stop)
  return {
    raw: load.send,
    own: createBusClient({ baseUrl: bus.apiUrl }),
    bare,
    stdio,
    sdkStdio: await connectStdio(workplace, bus),
    sdkHttp: await connectHttp(workplace, bus),
  }
}

interface Asked {
  readonly request: Buffer
  readonly own: (client: BusClient) => Promise<unknown>
  readonly tool: string
  readonly args: Record<string, unknown>
}

function measureCalls(ways: Ways, count: number, { request, own, tool, args }: Asked): Promise<Figures> {
  return sample(
    {
      'raw HTTP': timed(() => ways.raw(request)),
      'own client': timed(() => own(ways.own)),
      'bare tool over stdio': timed(() => ways.bare.call('post', { lane: 'bench', owner: MESSAGE.body })),
      'tool over stdio': timed(() => ways.stdio.call(tool, args)),
      'tool over stdio, through the SDK': timed(() => callTool(ways.sdkStdio, tool, args)),
      'tool over HTTP, through the SDK': timed(() => callTool(ways.sdkHttp, tool, args)),
    },
    count,
  )
}

async function callTool(client: Client, name: string, args: Record<string, unknown>): Promise<void> {
  const { isError, content } = await client.callTool({ name, arguments: args })
  if (isError) throw new Error(`${name} was refused: ${JSON.stringify(content)}`)
}

function toRatios(name: string, figures: Figures): Ratio[] {
  const over = (floor: string) => figures.of('tool over stdio').median - figures.of(floor).median
  return [
    cost(`${name}.stdio.over.raw`, over('raw HTTP'), 'ms'),
    cost(`${name}.stdio.over.client`, over('own client'), 'ms'),
    cost(`${name}.stdio.ofRaw`, figures.ratio('tool over stdio', 'raw HTTP')),
    cost(`${name}.stdio.ofBareTool`, figures.ratio('tool over stdio', 'bare tool over stdio')),
    cost(`${name}.mcp.ofRaw`, figures.ratio('tool over HTTP, through the SDK', 'raw HTTP')),
    cost(`${name}.client.ofRaw`, figures.ratio('own client', 'raw HTTP')),
  ]
}
