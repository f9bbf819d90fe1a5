import { setTimeout as wait } from 'node:timers/promises'
import { describe, expect, it, onTestFinished, vi } from 'vitest'
import * as z from 'zod'
import { silentLog } from '../../../test/support/silent-log.ts'
import type { Log } from '../../core/context.ts'
import { defineOperation } from '../../core/operation.ts'
import type { Call, CallResult } from './call.ts'
import { createFeed } from './feed.ts'
import { createResources } from './resources.ts'

const stream = defineOperation({
  id: 'things.follow',
  summary: 'Follow things',
  effect: 'read',
  input: z.object({ since: z.int().optional(), wait_s: z.number() }),
  output: z.object({ changes: z.array(z.object({})), next: z.int(), epoch: z.string() }),
  errors: {},
  http: {
    method: 'GET',
    path: '/changes',
    stream: { entries: 'changes', cursor: 'since', nextCursor: 'next', fits: () => true },
  },
})
const list = defineOperation({
  id: 'things.list',
  summary: 'List things',
  effect: 'read',
  input: z.object({ after: z.string().optional(), limit: z.int() }),
  output: z.object({ things: z.array(z.object({ name: z.string() })) }),
  errors: {},
})
const get = defineOperation({
  id: 'things.get',
  summary: 'Show one thing',
  effect: 'read',
  input: z.object({ thing: z.string() }),
  output: z.object({}),
  errors: {},
  resource: {
    uri: 'bus://things/{thing}',
    title: 'A thing',
    description: 'One thing.',
    names: { operationId: 'things.list', entries: 'things', field: 'name' },
    touchedBy: ({ thing }) => (typeof thing === 'string' ? thing : undefined),
  },
})

const away: CallResult = { ok: false, error: { type: 'bus_unreachable', message: 'away', base_url: 'http://x' } }
const page = (next: number, things: readonly string[] = [], epoch = 'a'): CallResult => ({
  ok: true,
  value: { changes: things.map((thing) => ({ thing })), next, epoch },
})

/** A feed of a bus whose looks are answered in this order; then it waits until the end. */
function startFeed(looks: readonly (CallResult | Error)[], more?: CallResult) {
  const asked: Record<string, unknown>[] = []
  const told: string[] = []
  const errors: unknown[] = []
  const call: Call = async (operation, input, signal) => {
    if (operation.id === list.id) return { ok: true, value: { things: [{ name: 'first' }, { name: 'second' }] } }
    const answer = looks[asked.length] ?? more
    asked.push({ ...input })
    if (answer instanceof Error) throw answer
    if (answer) return answer
    await new Promise((resolve) => signal.addEventListener('abort', resolve, { once: true }))
    return away
  }
  const log: Log = { ...silentLog, error: (_, error) => errors.push(error) }
  const operations = [stream, list, get]
  const feed = createFeed(operations, createResources(operations), call, log)
  onTestFinished(() => feed.close())
  return { feed, asked, told, errors, unwatch: feed.watch((uri) => told.push(uri)) }
}

const ALL = ['bus://things/first', 'bus://things/second']

describe('a feed', () => {
  it('tells at first all that there is, for it may have changed before the first look; then only what changes', async () => {
    const { asked, told } = startFeed([page(7), page(8, ['second']), page(9)])
    await vi.waitFor(() => expect(asked).toHaveLength(4))
    expect(told).toEqual([...ALL, 'bus://things/second'])
    expect(asked).toEqual([{ wait_s: 0 }, ...[7, 8, 9].map((since) => ({ wait_s: 50, since }))])
  })

  it.each([
    ['a bus that was away', [away]],
    ['another log', [page(3, ['x'], 'b')]],
    ['a fault of ours', [new Error('bug')]],
  ])('tells all that there is after %s', async (_, [gap = away]) => {
    const { asked, told, errors } = startFeed([page(7), gap, page(2, [], 'b')])
    await vi.waitFor(() => expect(asked).toHaveLength(4), 3_000)
    expect(told).toEqual([...ALL, ...ALL])
    expect(asked.slice(2)).toEqual([{ wait_s: 0 }, { wait_s: 50, since: 2 }])
    expect(errors).toEqual(gap instanceof Error ? [gap] : [])
  })

  it.each([
    ['nothing', {}],
    ['no list', { changes: {}, next: 1, epoch: 'a' }],
    ['no cursor', { changes: [], next: null, epoch: 'a' }],
  ])('takes an answer with %s for no bus, and does not hurry', async (_, value) => {
    const { asked, told } = startFeed([], { ok: true, value })
    await wait(300)
    expect(asked).toHaveLength(1)
    expect(told).toEqual([])
  })

  it('pauses longer after each failure', async () => {
    const { asked } = startFeed([], away)
    await wait(2_000)
    expect(asked).toHaveLength(3)
  })

  it('does not ask without end what answers without waiting', async () => {
    const { asked } = startFeed([], page(7))
    await wait(300)
    expect(asked.length).toBeGreaterThan(1)
    expect(asked.length).toBeLessThan(9)
  })

  it('tells of a name that is no text, rather than nothing ever after', async () => {
    const { told } = startFeed([page(7), page(8, ['\ud800']), page(9, ['second'])])
    await vi.waitFor(() => expect(told.slice(2)).toEqual(['bus://things/%EF%BF%BD', 'bus://things/second']))
  })

  it('asks once for all who watch, and stops with the last of them', async () => {
    const { feed, asked, told, unwatch } = startFeed([page(7)])
    const unwatchToo = feed.watch((uri) => told.push(uri))
    await vi.waitFor(() => expect(asked).toHaveLength(2))
    unwatch()
    await wait(100)
    expect(asked).toHaveLength(2)
    unwatchToo()
    feed.watch(() => {})
    await vi.waitFor(() => expect(asked).toHaveLength(3))
    expect(asked[2]).toEqual({ wait_s: 0 })
  })

  it('asks nothing any more once it is closed, whoever watches', async () => {
    const { feed, asked, told } = startFeed([page(7)])
    await vi.waitFor(() => expect(asked).toHaveLength(2))
    await feed.close()
    feed.watch((uri) => told.push(uri))()
    feed.watch((uri) => told.push(uri))
    await wait(100)
    expect(asked).toHaveLength(2)
    expect(told).toEqual(ALL)
  })
})
