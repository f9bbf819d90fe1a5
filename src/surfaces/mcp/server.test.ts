import { Client, InMemoryTransport } from '@modelcontextprotocol/client'
import { describe, expect, it, onTestFinished, vi } from 'vitest'
import * as z from 'zod'
import { silentLog } from '../../../test/support/silent-log.ts'
import { defineOperation } from '../../core/operation.ts'
import type { Call } from './call.ts'
import type { Keeper } from './keeper.ts'
import { standardChoice } from './selection.ts'
import { createMcpServer, type McpOptions } from './server.ts'
import { createTools } from './tools.ts'

const operation = defineOperation({
  id: 'things.take',
  summary: 'Take a thing',
  effect: 'write',
  input: z.object({}),
  output: z.object({ taken: z.boolean() }),
  errors: {},
  tool: { name: 'take', title: 'Take', description: 'Take.', idempotent: false, destructive: false },
})

async function connect(call: Call, keeper?: Keeper) {
  const errors: unknown[] = []
  const options: McpOptions = {
    tools: createTools([operation], false),
    choice: standardChoice,
    resources: [],
    prompts: [],
    look: call,
    feed: { watch: () => () => {}, close: async () => {} },
    instructions: '',
    version: '1.0.0',
    log: { ...silentLog, error: (_, error) => errors.push(error) },
  }
  const server = createMcpServer(options, () => ({ call, agentId: undefined, ...(keeper ? { keeper } : {}) }))
  const [ours, theirs] = InMemoryTransport.createLinkedPair()
  await server.connect(ours)
  const client = new Client({ name: 'test', version: '1.0.0' }, { versionNegotiation: { mode: 'legacy' } })
  onTestFinished(() => client.close())
  await client.connect(theirs)
  return { client, errors }
}

describe('a tool that fails by a fault of ours', () => {
  it('tells the log why, and its caller only that it failed', async () => {
    const fault = new Error('the secret is swordfish')
    const { client, errors } = await connect(() => Promise.reject(fault))
    const answer = await client.callTool({ name: 'take', arguments: {} })
    expect(answer).toMatchObject({ isError: true, structuredContent: { ok: false, error: { code: 'internal' } } })
    expect(JSON.stringify(answer)).not.toContain('swordfish')
    expect(errors).toEqual([fault])
  })
})

describe('a tool that succeeded', () => {
  it('says so, whatever the answer calls its own', async () => {
    const { client } = await connect(async () => ({ ok: true, value: { taken: true, ok: false } }))
    const { structuredContent } = await client.callTool({ name: 'take', arguments: {} })
    expect(structuredContent).toEqual({ taken: true, ok: true })
  })
})

describe('the progress of a call', () => {
  it('is told no more once the call has ended, however it did', async () => {
    vi.useFakeTimers({ toFake: ['setInterval', 'clearInterval'] })
    onTestFinished(() => {
      vi.useRealTimers()
    })
    let fault: Error | undefined
    const { client } = await connect(async () => {
      expect(vi.getTimerCount()).toBe(1)
      if (fault) throw fault
      return { ok: true, value: { taken: true } }
    })
    const take = () => client.callTool({ name: 'take', arguments: {} }, { onprogress: () => {} })
    expect(await take()).toMatchObject({ structuredContent: { ok: true } })
    expect(vi.getTimerCount()).toBe(0)
    fault = new Error('bug')
    expect(await take()).toMatchObject({ isError: true })
    expect(vi.getTimerCount()).toBe(0)
  })
})

describe('what was lost between the calls', () => {
  it('is kept for the next call when the one that could have told it was cancelled', async () => {
    const lost: { thing: string; reason: string }[] = [{ thing: 'a', reason: 'stolen' }]
    const keeper: Keeper = {
      granted: () => undefined,
      ended: () => {},
      takeLost: () => lost.splice(0),
      close: async () => {},
    }
    const cancel = new AbortController()
    let ends = Promise.resolve()
    const { client } = await connect(async (_operation, _input, signal) => {
      if (!cancel.signal.aborted) {
        cancel.abort()
        ends = new Promise((resolve) => signal.addEventListener('abort', () => setImmediate(resolve), { once: true }))
        await ends
      }
      return { ok: true, value: { taken: true } }
    }, keeper)
    const take = (options = {}) => client.callTool({ name: 'take', arguments: {} }, options)
    await expect(take({ signal: cancel.signal })).rejects.toThrow()
    await ends
    expect((await take()).structuredContent).toMatchObject({ lost: [{ thing: 'a' }] })
    expect((await take()).structuredContent).not.toHaveProperty('lost')
  })
})
